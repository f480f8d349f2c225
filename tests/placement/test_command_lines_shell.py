import shlex

import pytest

from placement.pods import Container, EnvVar
from placement.recognising.command_lines.engine_commands import Confidence, EngineCommand, engine_command


def _scripted(script: str, *more: str, **env: str | None) -> EngineCommand:
    variables = tuple(EnvVar(name, value) for name, value in env.items())
    return engine_command(Container("c", command=("bash", "-c", script, *more), env=variables))


@pytest.mark.parametrize(
    "script",
    [
        "vllm serve org/m --tensor-parallel-size 4",
        "exec vllm serve org/m -tp 4",
        "nohup vllm serve org/m -tp=4 > /var/log/v.log 2>&1 &\nwait",
        "numactl --cpunodebind=0 --membind=0 vllm serve org/m -tp 4",
        "ulimit -n 65535; vllm serve org/m -tp 4",
        "export TP=4; vllm serve org/m -tp $TP",
        "export TP=4 && cd /x && vllm serve org/m -tp ${TP}",
        'TP=2; TP=4; vllm serve org/m -tp "$TP"',
        "pip install -q foo && vllm serve org/m -tp 4 | tee log",
        "sleep 1 & vllm serve org/m -tp 4 & wait",
        'eval "exec vllm serve org/m -tp 4"',
        "vllm serve \\\n  org/m \\\n  -tp \\\n  4 # --tensor-parallel-size 8",
        "vllm serve 'org/m' -tp ${UNSET:-4}",
        "vllm serve ${MODEL-org/m} -tp $((2 * 2))",
        'set -euo pipefail\nif [ -n "$DEBUG" ]; then env; fi\nvllm serve org/m -tp 4',
        "while ! nc -z ray 6379; do sleep 1; done; vllm serve org/m -tp 4",
        "cat <<EOF > /tmp/x\nvllm serve other -tp 8\nEOF\nvllm serve org/m -tp 4",
        "bash <<'EOF'\nvllm serve org/m -tp 4\nEOF",
        "ray start --head --port=6379 && vllm serve org/m -tp 4",
        'ARGS=(-tp 4 --enforce-eager)\nvllm serve org/m "${ARGS[@]}"',
        "ARGS='--port 80'; ARGS+=' -tp 4'; vllm serve org/m $ARGS",
        "sh -c 'vllm serve org/m -tp 4'",
        "start() {\n  vllm serve org/m -tp 4\n}\nstart",
        "(cd /srv; vllm serve org/m -tp 4)",
        "curl -LsSf https://example.org/install | sh && vllm serve org/m -tp 4",
        'set -- org/m -tp 4; vllm serve "$@"',
        "env CUDA_VISIBLE_DEVICES=0 vllm serve org/m -tp 4",
        "timeout 3600 nice -n 5 vllm serve org/m -tp 4",
    ],
)
def test_the_engine_is_found_in_the_scripts_that_people_write(script: str) -> None:
    """Model and parallelism are known whatever stands around the engine."""
    found = _scripted(script)

    assert (found.engine, found.model, found.tensor_parallel) == ("vllm", "org/m", 4)
    assert found.in_shell
    assert found.confidence is Confidence.EXACT


@pytest.mark.parametrize(
    "script",
    [
        "curl https://example.org/run | bash",
        "echo vllm serve org/m",
        "hf download org/m",
        "vllm bench serve",
        "vllm launch render /mnt/models",
        "cat <<EOF\nvllm serve org/m\nEOF",
        "# vllm serve org/m",
        "vllm serve 'org/m",
        "vllm serve ${X",
        "",
    ],
)
def test_what_starts_no_engine_is_not_recognised(script: str) -> None:
    """Downloads, benchmarks, comments, what nobody can see and what no shell would read."""
    assert _scripted(script).confidence is Confidence.NONE


@pytest.mark.parametrize(
    "script",
    [
        "if [ $X = 1 ]; then TP=8; fi; vllm serve org/m -tp $TP",
        "TP=$(nvidia-smi -L | wc -l); vllm serve org/m -tp $TP",
        "vllm serve org/m -tp $FROM_SECRET",
        "for TP in 1 2; do vllm serve org/m -tp $TP; done",
        '[ -n "$X" ] && TP=2; vllm serve org/m -tp $TP',
        "vllm serve org/m -tp $NOWHERE",
        "read TP; vllm serve org/m -tp $TP",
    ],
)
def test_what_only_the_running_script_knows_is_not_guessed(script: str) -> None:
    """The model is certain, its parallelism is not, and the confidence says so."""
    found = _scripted(script, FROM_SECRET=None)

    assert (found.model, found.tensor_parallel, found.confidence) == ("org/m", None, Confidence.PARTIAL)


def test_words_behind_the_script_are_its_arguments() -> None:
    """KServe hands its user's arguments to the script as `$@`, the first word being `$0`."""
    script = 'eval "exec vllm serve /mnt/models --served-model-name \\"q\\" ${VLLM_ADDITIONAL_ARGS} $@"'

    found = _scripted(script, "--", "--tensor-parallel-size", "2", VLLM_ADDITIONAL_ARGS="--max-model-len 16k")

    assert (found.model, found.served_name, found.tensor_parallel) == ("/mnt/models", "q", 2)
    assert found.max_length == 16_000


def test_options_of_the_shell_may_stand_before_its_script() -> None:
    """KubeRay writes `bash -c --` and the script as an argument."""
    container = Container("c", command=("/bin/bash", "-lc", "--"), args=("ulimit -n 65536; ray start --block",))

    assert engine_command(container).engine == "ray-worker"


@pytest.mark.parametrize(
    "line", ["bash -o pipefail -c", "bash -euo pipefail -c", "/bin/sh -e -c", "bash +O extglob -lc"]
)
def test_named_options_of_the_shell_may_stand_before_its_script(line: str) -> None:
    """What follows `-o` is no script."""
    assert engine_command(Container("c", command=(*line.split(), "vllm serve org/m"))).model == "org/m"


def test_kubernetes_expands_before_the_shell_does() -> None:
    """`$(NAME)` of a variable above is its value, `$$(NAME)` is not expanded, an unknown name stays."""
    env = (EnvVar("A", "4"), EnvVar("TP", "$(A)"), EnvVar("ODD", "$$(A)"))

    def tensor_parallel(value: str) -> int | None:
        return engine_command(Container("c", command=("vllm", "serve", "m", "-tp", value), env=env)).tensor_parallel

    assert tensor_parallel("$(TP)") == 4
    assert tensor_parallel("$(ODD)") is None
    assert tensor_parallel("$(NOWHERE)") is None


def test_a_variable_of_the_container_is_seen_by_its_script() -> None:
    """Dynamo's recipes name the model by a variable."""
    found = _scripted("python3 -m dynamo.vllm --model $MODEL_PATH", MODEL_PATH="org/m")

    assert (found.engine, found.model) == ("dynamo.vllm", "org/m")


def test_variables_that_come_from_elsewhere_are_unknown_not_empty() -> None:
    """With envFrom, `${TP:-1}` may be anything."""
    container = Container("c", command=("sh", "-c", "vllm serve m -tp ${TP:-1}"), has_unseen_env=True)

    assert engine_command(container).tensor_parallel is None


def test_two_engines_in_one_script_are_told_apart_by_nobody() -> None:
    """The first counts, and the confidence says that it was a choice."""
    found = _scripted("if [ $ROLE = a ]; then vllm serve org/a; else vllm serve org/b; fi")

    assert (found.model, found.confidence) == ("org/a", Confidence.PARTIAL)


@pytest.mark.parametrize(
    "bomb",
    [
        "A=xxxxxxxxxxxxxxxx;" + "A=$A$A;" * 60 + "vllm serve $A",
        'A=\'eval "$A"; eval "$A"\'; eval "$A"',
        'export A=\'sh -c "$A"; sh -c "$A"\'; sh -c "$A"',
        "vllm serve " + "${A:-" * 500 + "}" * 500,
        "vllm serve " + "$(" * 50_000,
        "x " * 8_000,
        "if " * 5_000,
        "a;" * 8_000,
        "a;" * 60_000,
    ],
)
@pytest.mark.timeout(10)
def test_scripts_that_would_grow_without_end_are_given_up(bomb: str) -> None:
    """The webhook answers in milliseconds, whatever a pod holds."""
    assert _scripted(bomb).model in (None, "Qwen/Qwen3-0.6B")


def test_variables_that_double_are_given_up() -> None:
    """Forty variables, each twice the one above, would fill any memory."""
    env = [EnvVar("V0", "x" * 100), *(EnvVar(f"V{i}", f"$(V{i - 1})$(V{i - 1})") for i in range(1, 40))]
    container = Container("c", command=("vllm", "serve", "$(V39)"), env=tuple(env))

    assert engine_command(container).model is None


def test_quoting_is_that_of_a_posix_shell() -> None:
    """What Python's shlex makes of quoted words without expansions is what the lexer makes of them."""
    line = r"""vllm serve 'a b'"c \"d\""f\ g --kv-transfer-config '{"kv_role":"kv_both"}' -tp 2"""

    assert _scripted(line).model == shlex.split(line)[2]
