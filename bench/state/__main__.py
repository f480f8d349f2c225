"""`python -m bench.state`: what it costs to know a cluster, at three sizes.

The goals at 5,000 nodes with 50,000 pods: 4 s to read it, 250 MiB in all, 50 us an event, no pause above 20 ms.
`--events 100000` lets more of them come.
"""

import argparse

from bench.state.measuring import Size, State, measure

SIZES = (Size(1_000, 10_000), Size(5_000, 50_000), Size(15_000, 50_000))


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.state", description="Measure what knowing a cluster costs.")
    parser.add_argument("--events", type=int, default=20_000, help="how many events are told (default: %(default)s)")
    parser.add_argument("--size", type=int, choices=range(len(SIZES)), help="one size alone, by its number from 0")
    asked = parser.parse_args()
    for size in SIZES if asked.size is None else [SIZES[asked.size]]:
        print("\n".join(_lines(measure(size, asked.events))), flush=True)


def _lines(state: State) -> list[str]:
    events = [f"  {kind:15} {p50:6.1f} us, p99 {p99:6.1f} us" for kind, (p50, p99) in sorted(state.event_us.items())]
    mib = (state.bare_mib, state.resident_mib, state.served_mib, state.peak_mib)
    longest = (state.sync_block_ms, state.settling_block_ms, state.serving_block_ms, state.serving_pause_ms)
    return [
        f"{state.size}: synced in {state.sync_seconds:.2f} s, {state.sync_cpu_seconds:.2f} s of cpu",
        "  resident {:.0f} MiB bare, {:.0f} synced, {:.0f} after events, {:.0f} at most".format(*mib),
        "  longest block {:.1f} ms while syncing, {:.1f} settling, {:.1f} while serving; pause {:.1f}".format(*longest),
        *events,
    ]


if __name__ == "__main__":
    main()
