"""Makes tiny models for vectors, ranking and moderation, and what the library computes with them.

Run as a script in the Python of the runtime: `tiny_retrieval.py FOLDER NAME...`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parent))
tiny: Any = __import__("tiny_text")

TEXTS = ["the quick brown fox", "a lazy dog sleeps under an old tree all day", "it"]
QUERY = "the fox"
ENCODER = {**tiny.SMALL, "max_position_embeddings": 66, "type_vocab_size": 1}
PADDED = {"pad_token_id": 1, "eos_token_id": 2}
MADE: dict[str, Callable[[Path], dict[str, Any]]] = {}


def main() -> None:
    """Make each of the models that are named."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    place, *names = sys.argv[1:]
    for name in names:
        folder = Path(place) / name
        folder.mkdir(parents=True)
        torch.manual_seed(4)
        with torch.no_grad():
            told = MADE[name](folder)
        (folder / "expected.json").write_text(json.dumps({"texts": TEXTS, "query": QUERY, **told}))


def kept(function: Callable[[Path], dict[str, Any]]) -> Callable[[Path], dict[str, Any]]:
    """Register a maker by its name."""
    MADE[function.__name__] = function
    return function


def words(folder: Path, **more: Any) -> Any:
    """The tokenizer of words in the way of XLM-RoBERTa: `<s> text </s>`."""
    from tokenizers.processors import TemplateProcessing

    inner = tiny.words_tokenizer(("<s>", "<pad>", "</s>")).backend_tokenizer
    inner.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        cls_token="<s>", sep_token="</s>", **more,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


def modules(folder: Path, mode: dict[str, Any], *more: str) -> None:
    """The steps of sentence-transformers."""
    kinds = ["Transformer", "Pooling", *more]
    names = ["", *(f"{n}_{kind}" for n, kind in enumerate(kinds) if n)]
    steps = [
        {"idx": n, "name": str(n), "path": names[n], "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(steps))
    (folder / "1_Pooling").mkdir()
    told = {"word_embedding_dimension": 32, **mode}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(told))


def alone(model: Any, tokenizer: Any, text: str) -> tuple[Any, Any]:
    """The states of one text by itself, and its tokens."""
    batch = tokenizer(text, return_tensors="pt")
    batch.pop("token_type_ids", None)
    return model(**batch).last_hidden_state[0], batch["input_ids"][0]


def unit(vector: Any) -> list[float]:
    """A vector of length 1."""
    return list((vector / vector.norm()).tolist())


def roberta(folder: Path, kind: str, **more: Any) -> Any:
    """A model of XLM-RoBERTa's kind."""
    config = transformers.XLMRobertaConfig(**{**ENCODER, **PADDED}, **more)
    model = getattr(transformers, f"XLMRoberta{kind}")(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    return model


@kept
def bge_m3(folder: Path) -> dict[str, Any]:
    """BGE-M3: the first state, and two heads that are published as pickles."""
    model, tokenizer = roberta(folder, "Model"), words(folder, model_max_length=64)
    modules(folder, {"pooling_mode_cls_token": True}, "Normalize")
    sparse, several = torch.nn.Linear(32, 1), torch.nn.Linear(32, 32)
    torch.save(sparse.state_dict(), folder / "sparse_linear.pt")
    torch.save(several.state_dict(), folder / "colbert_linear.pt")
    dense, weights, vectors = [], [], []
    for text in TEXTS:
        states, tokens = alone(model, tokenizer, text)
        dense.append(unit(states[0]))
        found: dict[str, float] = {}
        for token, weight in zip(
            tokens.tolist(), sparse(states).relu()[:, 0].tolist(), strict=True
        ):
            if token not in (0, 1, 2) and weight > 0:
                name = tokenizer.convert_ids_to_tokens(token)
                found[name] = max(weight, found.get(name, 0.0))
        weights.append(found)
        rows = several(states[1:])
        vectors.append((rows / rows.norm(dim=-1, keepdim=True)).flatten().tolist())
    return {"dense": dense, "sparse": weights, "several": vectors}


@kept
def e5(folder: Path) -> dict[str, Any]:
    """A model of BERT's kind with the mean of its states and prompts for each role."""
    config = transformers.BertConfig(**{**ENCODER, **PADDED})
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    tokenizer = words(folder)
    modules(folder, {"pooling_mode_mean_tokens": True}, "Dense")
    dense = torch.nn.Linear(32, 8)
    save_file(
        {"linear.weight": dense.weight.data, "linear.bias": dense.bias.data},
        made(folder / "2_Dense") / "model.safetensors",
    )
    told = {"in_features": 32, "out_features": 8, "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh"}  # fmt: skip
    (folder / "2_Dense" / "config.json").write_text(json.dumps(told))
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "the ", "document": "a "}, "default_prompt_name": None})
    )
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 32}))
    found = {}
    for role, prompt in (("query", "the "), ("document", "a "), ("none", "")):
        states = [alone(model, tokenizer, prompt + text)[0].mean(0) for text in TEXTS]
        found[role] = [torch.tanh(dense(state)).tolist() for state in states]
    return found


@kept
def embedqa(folder: Path) -> dict[str, Any]:
    """NVIDIA's EmbedQA: Llama that reads in both directions, and the mean of its states."""
    model, tokenizer = nvidia(folder, "Model", "LlamaBidirectionalModel"), words(folder)
    return {"dense": [unit(alone(model, tokenizer, text)[0].mean(0)) for text in TEXTS]}


@kept
def rerankqa(folder: Path) -> dict[str, Any]:
    """NVIDIA's reranker: the same with a head over the mean, divided by a temperature."""
    name = "LlamaBidirectionalForSequenceClassification"
    model, tokenizer = (
        nvidia(folder, "ForSequenceClassification", name, num_labels=1),
        words(folder),
    )
    scores = []
    for text in TEXTS:
        states, _ = alone(model.model, tokenizer, f"question:{QUERY} \n \n passage:{text}")
        scores.append(torch.sigmoid(model.score(states.mean(0)) / 0.2).item())
    return {"scores": scores}


def nvidia(folder: Path, kind: str, name: str, **more: Any) -> Any:
    """Llama with both directions, under the name that its publisher gives it."""
    config = transformers.LlamaConfig(**tiny.SMALL, **more)
    config.is_causal = False
    model = getattr(transformers, f"Llama{kind}")(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    path = folder / "config.json"
    told = json.loads(path.read_text())
    told |= {"model_type": "llama_bidirec", "architectures": [name], "pooling": "avg",
             "temperature": 0.2, "auto_map": {"AutoModel": "code.Model"}}  # fmt: skip
    told.pop("is_causal", None)
    path.write_text(json.dumps(told))
    return model


@kept
def bge_reranker(folder: Path) -> dict[str, Any]:
    """A cross-encoder with one score."""
    model = roberta(folder, "ForSequenceClassification", num_labels=1)
    tokenizer = words(folder, model_max_length=64)
    batches = [tokenizer(QUERY, text, return_tensors="pt") for text in TEXTS]
    for batch in batches:
        batch.pop("token_type_ids", None)
    return {"scores": [torch.sigmoid(model(**batch).logits[0, 0]).item() for batch in batches]}


@kept
def qwen3_reranker(folder: Path) -> dict[str, Any]:
    """Qwen3's reranker: yes or no after a chat in the publisher's words."""
    tokenizer = tiny.words_tokenizer()
    tokenizer.add_tokens(["yes", "no"])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.pad_token = "</s>"
    tokenizer.save_pretrained(folder)
    config = transformers.Qwen3Config(
        **{**tiny.SMALL, "vocab_size": len(tokenizer), "head_dim": 8,
           "max_position_embeddings": 2048}
    )  # fmt: skip
    model = transformers.Qwen3ForCausalLM(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    yes, no = (tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no"))
    scores = []
    for text in TEXTS:
        asked = (
            "<|im_start|>system\nJudge whether the Document meets the requirements based on the "
            'Query and the Instruct provided. Note that the answer can only be "yes" or "no".'
            "<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web search query, retrieve relevant "
            f"passages that answer the query\n<Query>: {QUERY}\n<Document>: {text}<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n"
        )
        last = model(**tokenizer(asked, return_tensors="pt")).logits[0, -1]
        scores.append(torch.softmax(last[[no, yes]], 0)[1].item())
    return {"scores": scores}


@kept
def clip(folder: Path) -> dict[str, Any]:
    """CLIP: texts and pictures in one space."""
    sight = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 4, "image_size": 16, "patch_size": 8}  # fmt: skip
    config = transformers.CLIPConfig(
        text_config={**ENCODER, "max_position_embeddings": 40,
                     "eos_token_id": 2},
        vision_config=sight, projection_dim=16,
    )  # fmt: skip
    model = transformers.CLIPModel(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    tokenizer = words(folder)
    seen = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    )
    seen.save_pretrained(folder)
    image = picture(folder)
    pixels = seen(images=[image], return_tensors="pt")["pixel_values"]
    texts = []
    for text in TEXTS:
        batch = tokenizer(text, return_tensors="pt")
        found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                      pixel_values=pixels)  # fmt: skip
        texts.append(found.text_embeds[0].tolist())
    return {"texts_": texts, "image": found.image_embeds[0].tolist(),
            "score": found.logits_per_text[0, 0].item()}  # fmt: skip


@kept
def dinov2(folder: Path) -> dict[str, Any]:
    """DINOv2: pictures alone."""
    config = transformers.Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=16, patch_size=8
    )
    model = transformers.Dinov2Model(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    seen = transformers.BitImageProcessorPil(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    )
    seen.save_pretrained(folder)
    pixels = seen(images=[picture(folder)], return_tensors="pt")["pixel_values"]
    return {"image": unit(model(pixel_values=pixels).pooler_output[0])}


@kept
def hap(folder: Path) -> dict[str, Any]:
    """Granite Guardian HAP: RoBERTa with two labels that have no names."""
    config = transformers.RobertaConfig(**{**ENCODER, **PADDED})
    model = transformers.RobertaForSequenceClassification(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    tokenizer = words(folder, model_max_length=64)
    batches = [tokenizer(text, return_tensors="pt") for text in TEXTS]
    for batch in batches:
        batch.pop("token_type_ids", None)
    return {"scores": [torch.softmax(model(**b).logits[0], 0)[1].item() for b in batches]}


def guard(folder: Path, kind: str, template: str, tokens: list[str]) -> tuple[Any, Any]:
    """A model of language with a template that says how it judges."""
    tokenizer = tiny.words_tokenizer()
    tokenizer.add_tokens(tokens)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    words = {**tiny.SMALL, "vocab_size": len(tokenizer), "max_position_embeddings": 2048}
    config = getattr(transformers, f"{kind}Config")(**words)
    model = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    return model, tokenizer


def chance(model: Any, tokenizer: Any, text: str, yes: str, no: str) -> float:
    """How likely one word is after a text, against another."""
    last = model(**tokenizer(text, return_tensors="pt")).logits[0, -1]
    pair = [tokenizer.convert_tokens_to_ids(word) for word in (no, yes)]
    return float(torch.softmax(last[pair], 0)[1])


@kept
def shieldgemma(folder: Path) -> dict[str, Any]:
    """ShieldGemma: a rule, a text; Yes or No."""
    template = "Rule: {{ guideline }} Text: {{ messages[-1]['content'] }} Answer:"
    model, tokenizer = guard(folder, "Gemma2", template, ["Yes", "No"])
    texts = [f"Rule: no dogs Text: {text} Answer:" for text in TEXTS]
    return {"scores": [chance(model, tokenizer, text, "Yes", "No") for text in texts]}


@kept
def granite_guardian(folder: Path) -> dict[str, Any]:
    """Granite Guardian: a named risk; Yes or No."""
    template = "Risk: {{ guardian_config['risk_name'] }} Text: {{ messages[-1]['content'] }} A:"
    model, tokenizer = guard(folder, "Granite", template, ["Yes", "No"])
    return {"scores": {
        risk: [chance(model, tokenizer, f"Risk: {risk} Text: {text} A:", "Yes", "No")
               for text in TEXTS]
        for risk in ("harm", "violence")
    }}  # fmt: skip


@kept
def llama_guard(folder: Path) -> dict[str, Any]:
    """Llama Guard: safe or unsafe, after empty lines."""
    template = "Categories: S1. {{ messages[-1]['content'] }} Say safe or unsafe:"
    model, tokenizer = guard(folder, "Llama", template, ["safe", "unsafe"])
    texts = [f"Categories: S1. {text} Say safe or unsafe:\n\n" for text in TEXTS]
    named = tokenizer(texts[0] + "unsafe\n", return_tensors="pt").input_ids
    made = model.generate(named, max_new_tokens=24, do_sample=False, pad_token_id=1)
    said = tokenizer.decode(made[0, named.shape[1] :], skip_special_tokens=True)
    return {"scores": [chance(model, tokenizer, text, "unsafe", "safe") for text in texts],
            "named": said.strip()}  # fmt: skip


def picture(folder: Path) -> Any:
    """A picture of noise, saved beside the model."""
    pixels = numpy.random.default_rng(5).integers(0, 255, (32, 32, 3), dtype=numpy.uint8)
    image = Image.fromarray(pixels)
    image.save(folder / "picture.png")
    return image


def made(folder: Path) -> Path:
    """The same folder, made."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
