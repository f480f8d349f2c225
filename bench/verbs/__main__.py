"""`python -m bench.verbs`: the verbs at one size alone, in short; `python -m bench --only verbs` has them all."""

import argparse
import asyncio

from bench.verbs.asking import Verb
from bench.verbs.measuring import Setting, measure


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.verbs", description=__doc__)
    parser.add_argument("--nodes", type=int, default=5_000, help="default: %(default)s")
    parser.add_argument("--candidates", type=int, help="that are looked for; default: all that are feasible")
    parser.add_argument("--shares", action="store_true", help="nodes offer shares of devices")
    parser.add_argument("--questions", type=int, default=100, help="in a round; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--verbs", nargs="+", type=Verb, choices=Verb, default=list(Verb), help="default: all")
    asked = parser.parse_args()
    setting = Setting(asked.nodes, asked.candidates or asked.nodes, asked.shares, asked.questions)
    asyncio.run(_print(setting, asked.rounds, asked.verbs))


async def _print(setting: Setting, rounds: int, verbs: list[Verb]) -> None:
    async for figure in measure([setting], rounds, verbs):
        print(f"{figure.line}  {figure.note}", flush=True)


if __name__ == "__main__":
    main()
