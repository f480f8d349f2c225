from collections.abc import Iterator
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from placement.injecting.arguments import missing_args, takes_args
from placement.pods import Container, EnvVar
from placement.recognising.command_lines.engine_commands import Confidence, engine_command
from placement.recognising.command_lines.flags import given_flags

EXAMPLES = 500
DAMAGED_FORMS = 50

_PIECES = """
vllm serve org/m --tensor-parallel-size -tp 4 = -- - --no- $TP ${TP :-8} } $(( )) $( ) ` ' " \\ ; && & || | exec eval
export TP= sh -c bash <<EOF EOF if then fi do for x in case done ( { < > 2>&1 # "$@" $@ $ $$ $(TP) ${A[@]} A=( A+=
\0 \ud800 é ٣ 1k 1Ki 9999999999999999999 python3 -m sglang.launch_server ray start --head trtllm-serve ollama pull
llama-server -hf dynamo.vllm --config text-generation-launcher [ read set shift unset
[[ ]] ] -eq = 0 in esac ;; *) elif else function cat > /tmp/x source torchrun infinity_emb curl /api/pull
"""
PIECES = [*_PIECES.split(), " ", "\n", "\t", "\\\n", ""]
HEADS = ((), ("sh", "-c"), ("bash", "-lc", "--"), ("vllm", "serve"), ("env",), ("\0",), ("python3", "-m"))
IMAGES = ("", "vllm/vllm-openai:v1", "ollama/ollama", "lmsysorg/sglang", ":@/\n")
NAMES = ("TP", "A", "MODEL_ID", "DYN_VLLM_MODEL", "")


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=30), st.integers(0, 2**32))
def test_no_command_line_raises_anything(text: str, pieces: list[str], seed: int) -> None:
    """25,000 lines: cut short, joined, doubled, shuffled; each gives a value, and takes flags or does not."""
    for damaged in _damaged([*pieces, text], Random(seed)):
        found = engine_command(damaged)
        assert (found.confidence is Confidence.NONE) == (not found.engine)
        assert isinstance(takes_args(damaged), bool)
        assert isinstance(given_flags(damaged), frozenset)
        assert set(missing_args(damaged, ("--tensor-parallel-size", "2"))) <= {"--tensor-parallel-size", "2"}


def _damaged(pieces: list[str], chance: Random) -> Iterator[Container]:
    for _ in range(DAMAGED_FORMS):
        parts = [*pieces, *chance.choices(PIECES, k=chance.randrange(12))]
        chance.shuffle(parts)
        script = chance.choice(("", " ", "\n")).join(parts)[: chance.choice((5, 20, 60, 10_000))]
        words = chance.choice(((script,), (f'eval "{script}"', "--", *parts), tuple(parts), tuple(script.split())))
        env = tuple(EnvVar(name, chance.choice((None, script, *parts[:3]))) for name in NAMES if chance.random() < 0.5)
        head = chance.choice(HEADS)
        command, args = (head + words, ()) if chance.random() < 0.5 else (head, words)
        yield Container("c", chance.choice(IMAGES), command, args, env, has_unseen_env=chance.random() < 0.2)
