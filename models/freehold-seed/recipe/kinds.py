"""The kinds of work, of limits and of abilities, and how often each of them is drawn."""

TASKS = (
    ["chat"] * 9 + ["transcribe"] * 6 + ["code", "speak", "draw", "ocr", "translate"] * 4
    + ["embed", "vision", "classify", "edit", "film", "forecast", "detect", "moderate"] * 3
    + ["math", "watch", "listen", "omni", "rerank", "pages", "embed-images", "match-images"] * 2
    + ["classify-images", "music", "sounds", "audio", "animate", "shape", "segment"] * 2
    + ["cut-out", "caption", "depth"] * 2
)  # fmt: skip
WEIGHTS = {
    "commercial": 30, "host": 13, "modify": 10, "redistribute": 9, "train": 7, "memory": 30,
    "machine": 9, "languages": 22, "license": 9, "osi": 8, "fully": 6, "weights": 5,
    "restricted": 3, "context": 8, "size": 9, "not_country": 9, "not_maker": 7, "users": 8,
    "revenue": 5, "where": 10, "nothing": 34, "ability": 40, "like": 4,
}  # fmt: skip
USES = {"commercial": "commercial", "host": "host", "modify": "modify",
        "redistribute": "redistribute", "train": "train-on-outputs"}  # fmt: skip
OPEN = {"fully": "fully open", "weights": "open weights", "restricted": "restricted weights"}
RIVALS = [{"license", "osi"}, {"fully", "weights", "restricted"}, {"memory", "machine"}]
"""Of these only one is said."""
SPEAKING = {"chat", "ocr", "embed", "rerank", "classify", "moderate", "transcribe", "speak",
            "translate", "vision", "listen", "omni", "watch", "caption"}  # fmt: skip
READING = {"chat", "code", "math", "vision", "embed", "rerank", "translate", "watch"}
ABILITIES = {
    "chat": ["tools", "reasoning", "code", "math", "medical", "tools", "reasoning"],
    "code": ["tools", "reasoning", "infill", "math"], "math": ["reasoning", "tools"],
    "vision": ["tools", "reasoning", "grounding", "medical", "geospatial"], "ocr": ["medical"],
    "listen": ["medical", "streaming"], "omni": ["tools", "reasoning", "streaming", "streaming"],
    "transcribe": ["timestamps", "diarization", "streaming", "medical"],
    "speak": ["voice-cloning", "streaming", "voice-cloning"],
    "audio": ["voice-cloning", "streaming"],
    "embed": ["multivector", "sparse", "code", "medical"], "pages": ["multivector"],
    "forecast": ["quantiles"], "segment": ["medical", "geospatial"], "depth": ["geospatial"],
    "detect": ["medical", "geospatial"], "cut-out": ["medical", "geospatial"],
    "caption": ["medical", "geospatial"], "classify": ["medical"],
    "embed-images": ["medical", "geospatial"], "match-images": ["medical", "geospatial"],
    "classify-images": ["medical", "geospatial"],
}  # fmt: skip
