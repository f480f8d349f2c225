import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webhook.validations import RESOURCES, Gate, Json, a_class, a_profile, question
from webhook.app import reply

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
WORDS = st.sampled_from(
    ("nodeSelector", "podSelector", "matchLabels", "discovery", "capabilities", "memoryGB", "80Gi", "name", "key")
)
JSON = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
WRITTEN = st.one_of(
    JSON,
    st.fixed_dictionaries({"metadata": JSON, "spec": JSON}),
    st.builds(lambda key, value: a_class(**{key: value}), st.sampled_from([*a_class()["spec"], "cost"]), JSON),
    st.builds(
        lambda key, value: a_profile(**{key: value}),
        st.sampled_from(["podSelector", "acceleratorRequirements", "acceleratorConfigurations", "preferredClasses"]),
        JSON,
    ),
)


@settings(max_examples=150)
@given(
    WRITTEN,
    WRITTEN,
    st.sampled_from([*RESOURCES.values(), {"resource": "pods"}]),
    st.sampled_from(["CREATE", "UPDATE", "DELETE"]),
)
async def test_whatever_is_asked_is_answered(written: Any, old: Any, resource: Json, operation: str) -> None:
    """Never an error of ours: allowed, or refused in words."""
    asked = question(a_class())
    asked["request"] |= {"object": written, "oldObject": old, "resource": resource, "operation": operation}

    answer = await reply(Gate().validation, json.dumps(asked).encode())

    assert answer.status == 200, answer.body
    response = json.loads(answer.body)["response"]
    assert response["allowed"] or response["status"]["message"]
    assert all(len(each) <= 256 for each in response.get("warnings", []))
