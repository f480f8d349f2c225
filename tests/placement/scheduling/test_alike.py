"""What is alike has the same number, and there are no more numbers than there have to be."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.alike import Alike

held = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcd")), max_size=60)


@given(held)
def test_equal_keys_have_the_same_number_and_others_another(changes: list[tuple[int, str]]) -> None:
    """Whoever came to hold them, and left before; numbers of keys that nobody holds are given again."""
    alike, keys, numbers = Alike(), dict[int, str](), dict[int, int]()
    for holder, key in changes:
        if holder in keys:
            alike.leave(numbers.pop(holder))
        keys[holder], numbers[holder] = key, alike.take(key)

        pairs = product(keys, repeat=2)
        assert all((keys[one] == keys[other]) == (numbers[one] == numbers[other]) for one, other in pairs)
        assert all(number < len(alike) for number in numbers.values())
    assert len(alike) <= 6
