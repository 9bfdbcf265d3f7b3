"""Reports what asks a loader to run code that comes with the model; Freehold never does."""

from collections.abc import Iterator

from freehold.formats.kinds import asks_for_code
from freehold.formats.structured import read_json
from freehold.formats.text import plain
from freehold.scanners.base import CODE, Contract, Looked, Remark

FILES = frozenset({
    "config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json",
    "image_processor_config.json", "video_preprocessor_config.json", "generation_config.json",
    "adapter_config.json", "feature_extractor_config.json", "configuration.json",
    "modules.json", "model_index.json", "custom_generate.json",
})  # fmt: skip
DESCRIPTIONS = (".json", ".yaml", ".yml")
ASKS = ("auto_map", "custom_pipelines", "trust_remote_code")
MOST_VALUES, DEEPEST = 20_000, 20


class Scanner(Contract):
    """Remote code."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """Every name of code that a configuration asks for."""
        if file.ending in DESCRIPTIONS and (asked := asks_for_code(file.head)):
            yield Remark("remote-code", asked, CODE)
        if file.last not in FILES or file.kind != "json" or b'"' not in file.head:
            return
        for key, value in _found(read_json(file.path, file.name)):
            if value:
                said = plain(str(value))[:120]
                yield Remark("remote-code", f"asks for code of its own: {key} = {said}", CODE)


def _found(table: object) -> Iterator[tuple[str, object]]:
    """The keys that ask for code, wherever they stand."""
    todo: list[tuple[object, int]] = [(table, 0)]
    for _ in range(MOST_VALUES):
        if not todo:
            return
        value, depth = todo.pop()
        if isinstance(value, dict) and depth < DEEPEST:
            for key, inner in value.items():
                if key in ASKS:
                    yield key, inner
                else:
                    todo.append((inner, depth + 1))
        elif isinstance(value, list) and depth < DEEPEST:
            todo += [(inner, depth + 1) for inner in value]
