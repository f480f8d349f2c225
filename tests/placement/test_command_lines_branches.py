import pytest

from placement.pods import Container, EnvVar
from placement.recognising.command_lines.branches import truth
from placement.recognising.command_lines.engine_commands import EngineCommand, engine_command
from placement.recognising.command_lines.words import UNKNOWN


def _scripted(script: str, **env: str | None) -> EngineCommand:
    variables = tuple(EnvVar(name, value) for name, value in env.items())
    return engine_command(Container("c", command=("bash", "-c", script), env=variables))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("[", "0", "=", "0", "]"), True),
        (("[", "1", "=", "0", "]"), False),
        (("[[", "leader", "==", "leader", "]]"), True),
        (("[", "a", "!=", "b", "]"), True),
        (("test", "2", "-gt", "1"), True),
        (("[", "2", "-le", "1", "]"), False),
        (("[", "-n", "", "]"), False),
        (("[", "-z", "", "]"), True),
        (("[[", "!", "-z", "x", "]]"), True),
        (("[", "=", "1", "]"), None),
        (("[", "a", "=", "a"), None),
        (("[", UNKNOWN, "=", "a", "]"), None),
        (("[[", "v1", "==", "v*", "]]"), None),
        (("[", "-d", "/models", "]"), None),
        (("[", "many", "-eq", "1", "]"), None),
        (("grep", "-q", "x"), None),
    ],
)
def test_a_test_is_evaluated_where_its_words_are_all_known(words: tuple[str, ...], *, expected: bool | None) -> None:
    """What looks at files, at patterns or at what only the running script knows stays open."""
    assert truth(words) is expected


BY_INDEX = """
if [ "$INDEX" = "0" ]; then
  vllm serve org/m -tp 8
elif [ "$INDEX" -gt 7 ]; then
  sleep infinity
else
  ray start --address=leader:6379 --block
fi
"""
BY_ROLE = """
case "$ROLE" in
  leader|head)
    vllm serve org/m -tp 8
    ;;
  worker-*) ray start --address=leader:6379 --block ;;
  *) sleep infinity
esac
"""


@pytest.mark.parametrize(
    ("script", "env", "engine"),
    [
        (BY_INDEX, {"INDEX": "0"}, "vllm"),
        (BY_INDEX, {"INDEX": "3"}, "ray-worker"),
        (BY_INDEX, {"INDEX": "9"}, ""),
        (BY_INDEX, {"INDEX": None}, "vllm"),
        (BY_INDEX, {}, "vllm"),
        (BY_ROLE, {"ROLE": "head"}, "vllm"),
        (BY_ROLE, {"ROLE": "worker-2"}, "ray-worker"),
        (BY_ROLE, {"ROLE": "probe"}, ""),
        (BY_ROLE, {"ROLE": None}, "vllm"),
        (BY_ROLE, {}, "vllm"),
        ('if [ "${ROLE:-leader}" = leader ]; then vllm serve org/m; else ray start --address=l; fi', {}, "vllm"),
        ('if [ "${ROLE:-worker}" = leader ]; then vllm serve org/m; else ray start --address=l; fi', {}, "ray-worker"),
    ],
)
def test_one_template_for_leaders_and_workers_is_read_for_this_pod(
    script: str, env: dict[str, str | None], engine: str
) -> None:
    """The branch that the pod's own variables choose counts; where nobody knows, the one that serves."""
    assert _scripted(script, **env).engine == engine


@pytest.mark.parametrize(
    ("script", "tensor_parallel"),
    [
        ('if [ "$A" = 1 ] && [ "$B" = 2 ]; then TP=4; fi', 4),
        ('if [ "$A" = 0 ] && [ -d /x ]; then TP=4; fi', 2),
        ('if [ "$A" = 1 ] || [ -d /x ]; then TP=4; fi', 4),
        ('if [ "$A" = 1 ] && [ -d /x ]; then TP=4; fi', None),
        ('if ! [ "$A" = 0 ]; then TP=4; fi', 4),
        ('if [ -n "$A" ]; then if [ "$B" = 3 ]; then TP=1; else TP=4; fi; fi', 4),
        ('if [ "$A" = 0 ]; then if [ -d /x ]; then TP=4; fi; else :; fi', 2),
        ("case $A in 1) TP=4;; esac", 4),
        ("case ${NOWHERE:-0} in 1) TP=4;; esac", 2),
        ('if [ -n "$NOWHERE" ]; then TP=4; fi', None),
        ("for i in 1 2; do case $i in 1) TP=4;; esac; done", None),
    ],
)
def test_what_a_branch_assigns_is_known_where_its_test_is(script: str, tensor_parallel: int | None) -> None:
    """Conditions joined by `&&` and `||`, negated and nested ones; a loop stays open."""
    found = _scripted(f"TP=2\n{script}\nvllm serve org/m -tp $TP", A="1", B="2")

    assert found.tensor_parallel == tensor_parallel


@pytest.mark.parametrize(
    "script",
    [
        "cat > /tmp/run.sh <<'EOF'\nvllm serve org/m\nEOF\nbash /tmp/run.sh",
        "cat <<EOF > run.sh\nexec vllm serve org/m\nEOF\nchmod +x run.sh\n./run.sh",
        "tee /tmp/run.sh <<EOF\nvllm serve org/m\nEOF\nsource /tmp/run.sh",
        "function start { vllm serve org/m; }; start",
        "opentelemetry-instrument vllm serve org/m",
    ],
)
def test_engines_behind_files_and_functions_of_the_script_are_found(script: str) -> None:
    """A script may write another one and start it."""
    assert (_scripted(script).engine, _scripted(script).model) == ("vllm", "org/m")


@pytest.mark.parametrize(
    "script",
    [
        "cat > /tmp/run.sh <<EOF\nvllm serve org/m\nEOF\n",
        "cat > /tmp/a.sh <<EOF\nvllm serve org/m\nEOF\nbash /tmp/b.sh",
        "cat > /tmp/a.sh <<EOF\nbash /tmp/a.sh\nEOF\nbash /tmp/a.sh",
        "case",
        "case x in",
        "esac; fi; then",
    ],
)
def test_a_file_that_nobody_starts_starts_nothing(script: str) -> None:
    """Nor does a script that starts itself, or one that breaks off."""
    assert not _scripted(script).engine


def test_the_first_word_behind_a_script_is_its_own_name() -> None:
    """`$0 $@` are all arguments of a container whose command is `bash -c script`."""
    container = Container("c", command=("bash", "-c", "vllm serve org/m $0 $@"), args=("--dtype", "half"))

    assert engine_command(container).dtype == "half"
