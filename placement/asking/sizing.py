"""What is known of the model that a pod serves, as far as it decides about the class."""

from dataclasses import replace

from placement import keys
from placement.asking.class_requests import ClassRequest
from placement.recognising.command_lines.engine_commands import engine_command
from placement.recognising.model_sources import ModelName, ModelSource, model_of
from placement.recognising.models import parameters_in_billions, quantization_in_name

_GGUF = "gguf"


def sized(asked: ClassRequest) -> ClassRequest:
    """Add the engine, and size and format of the model where something may depend on them.

    Of a group counts only what all of its pods say, so that all come to the same answer.
    """
    if not (asked.layer.preferences or asked.layer.configurations):
        return asked
    engine = engine_command(asked.engines[0]).engine
    model = _model(asked)
    billions = asked.billions if asked.billions is not None else _billions(asked, model)
    return replace(asked, engine=engine, billions=billions, model_format=_format(asked, model))


def _model(asked: ClassRequest) -> ModelName | None:
    found = model_of(asked.pod, None if asked.group else asked.engines[0])
    is_leaders_own = asked.group and found and found.source is ModelSource.INIT_CONTAINER
    return None if is_leaders_own else found


def _billions(asked: ClassRequest, model: ModelName | None) -> float | None:
    """Return what OME's model object says, or else the table of known models and the model's name."""
    stated = asked.serving.model
    if stated and stated.billions is not None:
        return stated.billions
    names = (stated.hub_id if stated else "", model.name if model else "")
    sizes = (parameters_in_billions(name) for name in names if name)
    return next((size for size in sizes if size is not None), None)


def _format(asked: ClassRequest, model: ModelName | None) -> str:
    """Return the model's format as OME names it; of others only GGUF can be told, by the model's name."""
    stated = asked.serving.model.model_format if asked.serving.model else ""
    told = asked.pod.annotations.get(keys.BASE_MODEL_FORMAT) or stated
    if told:
        return told
    is_gguf = model is not None and (quantization_in_name(model.name) == _GGUF or model.name.endswith(f".{_GGUF}"))
    return _GGUF if is_gguf else ""
