"""Makes tiny models that see and write, in the layouts of their publishers.

Run as a script in the Python of the runtime: `tiny_seeing.py FOLDER NAME...`. Beside each model
there is a picture, and `expected.json` with what `generate` says of it, greedily.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parent))
tiny: Any = __import__("tiny_text")

TEXT: dict[str, Any] = {**tiny.SMALL, "vocab_size": 200}
SIGHT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 16, "patch_size": 8, "projection_dim": 16,
}  # fmt: skip
QWEN: dict[str, Any] = {
    "depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4, "patch_size": 8,
    "spatial_merge_size": 2, "temporal_patch_size": 2, "mlp_ratio": 2,
}  # fmt: skip
MROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
CHAT = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}"
)
QUESTION = "the quick brown fox"
ALONE = ("vila", "shieldgemma2")
"""Those that are made in a way of their own."""
MARKS = {
    "llava": "<image>", "gemma3": "<start_of_image>", "mllama": "<|image|>", "paligemma": "",
    "minigpt4": "",
    "idefics3": "<image>", "internvl": "<IMG_CONTEXT>",
    "qwen2_vl": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen2_5_vl": "<|vision_start|><|image_pad|><|vision_end|>",
}  # fmt: skip
"""What stands for a picture in the text of each kind."""


def main() -> None:
    """Make each of the models that are named."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    place, *names = sys.argv[1:]
    for name in names:
        if name in ALONE:
            globals()[name](Path(place) / name)
            continue
        folder = Path(place) / name
        folder.mkdir(parents=True)
        torch.manual_seed(2)
        model, processor = globals()[name]()
        tiny.spread(model.eval())
        model.save_pretrained(folder)
        pixels = numpy.random.default_rng(3).integers(0, 255, (32, 32, 3), dtype=numpy.uint8)
        picture = Image.fromarray(pixels)
        picture.save(folder / "picture.png")
        batch = taken(name, processor, folder, picture)
        count = batch["input_ids"].shape[1]
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        unknown = [1, *range(len(tokenizer), TEXT["vocab_size"])]
        with torch.no_grad():
            made = model.generate(
                **batch, max_new_tokens=tiny.LENGTH, do_sample=False, eos_token_id=None,
                pad_token_id=1, suppress_tokens=unknown,
            )[0].tolist()[count:]  # fmt: skip
            blind = {**batch, "pixel_values": -batch["pixel_values"]}
            without = model(**blind).logits[0, -1]
            assert not torch.allclose(without, model(**batch).logits[0, -1], atol=1e-3)
        told = {"prompt": QUESTION, "count": count, "unknown": unknown, "tokens": made,
                "text": tokenizer.decode(made, skip_special_tokens=True)}  # fmt: skip
        (folder / "expected.json").write_text(json.dumps(told))


def taken(name: str, processor: Any, folder: Path, picture: Any) -> Any:
    """What the model takes for one question about the picture; its processor is saved."""
    text = MARKS[name] + QUESTION
    if processor is not None:
        processor.save_pretrained(folder)
        return processor(text=[text], images=[picture], return_tensors="pt")
    by_hand = internvl_by_hand if name == "internvl" else qwen_by_hand
    (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", MARKS[name]))
    return by_hand(folder, text, picture)


def qwen_by_hand(folder: Path, text: str, picture: Any) -> Any:
    """The files of Qwen2-VL, and what its processor would make, which needs torchvision."""
    tokenizer = qwen_words()
    tokenizer.save_pretrained(folder)
    seen = transformers.Qwen2VLImageProcessorPil(
        patch_size=8, merge_size=2, min_pixels=256, max_pixels=4096
    )
    named(seen, folder, "Qwen2VL")
    given = dict(seen(images=[picture], return_tensors="pt"))
    many = int(given["image_grid_thw"].prod()) // 4
    tokens = tokenizer(text.replace("<|image_pad|>", "<|image_pad|>" * many), return_tensors="pt")
    kinds = tokens.input_ids == tokenizer.convert_tokens_to_ids("<|image_pad|>")
    return {**tokens, **given, "mm_token_type_ids": kinds.long()}


def internvl_by_hand(folder: Path, text: str, picture: Any) -> Any:
    """The files of InternVL, and what its processor would make."""
    tokenizer = internvl_words()
    tokenizer.save_pretrained(folder)
    seen = transformers.GotOcr2ImageProcessorPil(
        size=size(16), crop_to_patches=True, min_patches=1, max_patches=1
    )
    named(seen, folder, "InternVL")
    (folder / "processor_config.json").write_text(
        json.dumps({"image_seq_length": 1, "processor_class": "InternVLProcessor"})
    )
    pixels = seen(images=[picture], crop_to_patches=True, return_tensors="pt")["pixel_values"]
    whole = text.replace("<IMG_CONTEXT>", "<img>" + "<IMG_CONTEXT>" * len(pixels) + "</img>")
    return {**tokenizer(whole, return_tensors="pt"), "pixel_values": pixels}


def named(seen: Any, folder: Path, kind: str) -> None:
    """Save what prepares pictures, with the name of the processor that it belongs to."""
    seen.save_pretrained(folder)
    path = folder / "preprocessor_config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "processor_class": f"{kind}Processor"}))


def size(pixels: int) -> dict[str, int]:
    """The square size of pictures."""
    return {"height": pixels, "width": pixels}


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5: CLIP and Llama."""
    tokenizer = words("<image>")
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SIGHT),
        text_config=transformers.LlamaConfig(**TEXT),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    seen = transformers.CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size(16))
    processor = transformers.LlavaProcessor(
        seen, tokenizer, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=CHAT.replace("IMAGE", "<image>"),
    )  # fmt: skip
    return transformers.LlavaForConditionalGeneration(config), processor


def qwen2_vl() -> tuple[Any, Any]:
    """Qwen2-VL: pictures of any size, places in three directions."""
    config = transformers.Qwen2VLConfig(
        text_config={**TEXT, "rope_parameters": MROPE}, vision_config=QWEN, **marks(qwen_words())
    )
    return transformers.Qwen2VLForConditionalGeneration(config), None


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL: the same with windows."""
    vision = {key: value for key, value in QWEN.items() if key not in ("embed_dim", "mlp_ratio")}
    vision |= {"out_hidden_size": 32, "intermediate_size": 64, "window_size": 32,
               "fullatt_block_indexes": [1]}  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": MROPE}, vision_config=vision, **marks(qwen_words())
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config), None


def gemma3() -> tuple[Any, Any]:
    """Gemma 3: SigLIP, pooled to a fixed number of tokens."""
    tokenizer = words(
        image_token="<image_soft_token>", boi_token="<start_of_image>", eoi_token="<end_of_image>"
    )
    config = transformers.Gemma3Config(
        text_config={**TEXT, "head_dim": 8, "sliding_window": 16},
        vision_config={**SIGHT, "vision_use_head": False},
        mm_tokens_per_image=1,
        image_token_index=tokenizer.image_token_id,
        boi_token_index=tokenizer.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end_of_image>"),
    )
    seen = transformers.Gemma3ImageProcessorPil(size=size(16), do_pan_and_scan=False)
    processor = transformers.Gemma3Processor(
        seen, tokenizer, image_seq_length=1,
        chat_template=CHAT.replace("IMAGE", "<start_of_image>"),
    )  # fmt: skip
    return transformers.Gemma3ForConditionalGeneration(config), processor


def mllama() -> tuple[Any, Any]:
    """Llama 3.2 Vision: layers that look across."""
    tokenizer = words("<|image|>")
    config = transformers.MllamaConfig(
        text_config={**TEXT, "cross_attention_layers": [1], "num_hidden_layers": 3},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                       "num_global_layers": 1, "attention_heads": 4, "image_size": 16,
                       "patch_size": 8, "vision_output_dim": 64, "max_num_tiles": 2,
                       "intermediate_layers_indices": [0],
                       "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]]},
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )  # fmt: skip
    seen = transformers.MllamaImageProcessorPil(size=size(16), max_image_tiles=2)
    processor = transformers.MllamaProcessor(
        seen, tokenizer, chat_template=CHAT.replace("IMAGE", "<|image|>")
    )
    model = transformers.MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "gate" in name:
                weight.fill_(0.7)
    return model, processor


def paligemma() -> tuple[Any, Any]:
    """PaliGemma: no chats, one text beside one picture."""
    tokenizer = words("<image>")
    config = transformers.PaliGemmaConfig(
        text_config={**TEXT, "head_dim": 8, "model_type": "gemma"},
        vision_config={**SIGHT, "model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=32, hidden_size=32,
    )  # fmt: skip
    seen = transformers.SiglipImageProcessorPil(size=size(16))
    seen.image_seq_length = 4
    return (
        transformers.PaliGemmaForConditionalGeneration(config),
        transformers.PaliGemmaProcessor(seen, tokenizer),
    )


def internvl() -> tuple[Any, Any]:
    """InternVL 3: tiles, with their pixels shuffled together."""
    tokenizer = internvl_words()
    config = transformers.InternVLConfig(
        text_config={**TEXT, "model_type": "qwen2"},
        vision_config={**SIGHT, "image_size": [16, 16], "patch_size": [8, 8]},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=1, downsample_ratio=0.5,
    )  # fmt: skip
    return transformers.InternVLForConditionalGeneration(config), None


def idefics3() -> tuple[Any, Any]:
    """Idefics 3."""
    tokenizer = words("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    config = transformers.Idefics3Config(
        text_config={**TEXT, "model_type": "llama"},
        vision_config=SIGHT, scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), pad_token_id=1,
    )  # fmt: skip
    seen = transformers.Idefics3ImageProcessorPil(
        size={"longest_edge": 16}, max_image_size={"longest_edge": 16}, do_image_splitting=False
    )
    processor = transformers.Idefics3Processor(
        seen, tokenizer, image_seq_len=1, chat_template=CHAT.replace("IMAGE", "<image>")
    )
    return transformers.Idefics3ForConditionalGeneration(config), processor


def vila(folder: Path) -> None:
    """VILA 1.5 in its three folders, and what its parts say one after another."""
    torch.manual_seed(2)
    tokenizer = tiny.words_tokenizer(("<unk>", "</s>", "<s>"))
    tokenizer.unk_token = "<unk>"
    tokenizer.save_pretrained(folder / "llm")
    llm = transformers.LlamaForCausalLM(transformers.LlamaConfig(**tiny.SMALL))
    sight = transformers.SiglipVisionModel(
        transformers.SiglipVisionConfig(**{**SIGHT, "image_size": 24}, vision_use_head=False)
    )
    layers = torch.nn.Sequential(
        torch.nn.Identity(), torch.nn.LayerNorm(128), torch.nn.Linear(128, 32), torch.nn.GELU(),
        torch.nn.Linear(32, 32),
    )  # fmt: skip
    for part in (llm, sight, layers):
        tiny.spread(part.eval())
    llm.save_pretrained(folder / "llm")
    sight.save_pretrained(folder / "vision_tower")
    seen = transformers.SiglipImageProcessorPil(size=size(24))
    seen.save_pretrained(folder / "vision_tower")
    (folder / "mm_projector").mkdir()
    weights = {f"layers.{name}": value for name, value in layers.state_dict().items()}
    save_file(weights, folder / "mm_projector" / "model.safetensors", {"format": "pt"})
    (folder / "mm_projector" / "config.json").write_text(
        json.dumps({"mm_projector_type": "mlp_downsample", "model_type": "v2l_projector"})
    )
    told = {"model_type": "llava_llama", "architectures": ["LlavaLlamaModel"],
            "mm_vision_select_feature": "cls_patch", "mm_vision_select_layer": -2,
            "image_aspect_ratio": "resize", "torch_dtype": "float32"}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told))
    pixels = numpy.random.default_rng(3).integers(0, 255, (32, 32, 3), dtype=numpy.uint8)
    picture = Image.fromarray(pixels)
    picture.save(folder / "picture.png")
    before = tokenizer(
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the user's questions. USER: "
    )["input_ids"]
    after = tokenizer(f"\n{QUESTION} ASSISTANT:", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        states = sight(
            **seen(images=[picture], return_tensors="pt"), output_hidden_states=True
        ).hidden_states[-2][0].view(3, 3, 32)  # fmt: skip
        wide = torch.zeros(4, 4, 32)
        wide[:3, :3] = states
        joined = [torch.cat([wide[2 * row, 2 * column], wide[2 * row, 2 * column + 1],
                             wide[2 * row + 1, 2 * column], wide[2 * row + 1, 2 * column + 1]])
                  for column in range(2) for row in range(2)]  # fmt: skip
        words_ = llm.get_input_embeddings()
        given = torch.cat([words_(torch.tensor(before)), layers(torch.stack(joined)),
                           words_(torch.tensor(after))])[None]  # fmt: skip
        count, made = given.shape[1], []
        for _ in range(tiny.LENGTH):
            scores = llm(inputs_embeds=given).logits[0, -1]
            scores[1] = -float("inf")
            made.append(int(scores.argmax()))
            given = torch.cat([given, words_(torch.tensor([[made[-1]]]))], 1)
    told = {"prompt": QUESTION, "count": count, "unknown": [1], "tokens": made,
            "text": tokenizer.decode(made, skip_special_tokens=True)}  # fmt: skip
    (folder / "expected.json").write_text(json.dumps(told))


def shieldgemma2(folder: Path) -> None:
    """ShieldGemma 2: does a picture break one of the policies of its processor? Yes or No."""
    torch.manual_seed(2)
    made, base = gemma3()
    tokenizer = base.tokenizer
    tokenizer.add_tokens(["Yes", "No"])
    yes, no = (tokenizer.convert_tokens_to_ids(word) for word in ("Yes", "No"))
    told = {k: v for k, v in made.config.to_dict().items() if k not in ("model_type",)}
    told.pop("architectures", None)
    config = transformers.ShieldGemma2Config(**told, yes_token_index=yes, no_token_index=no)
    model = transformers.ShieldGemma2ForImageClassification(config).eval()
    tiny.spread(model)
    model.save_pretrained(folder)
    template = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<start_of_image>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}{{ policy_description }} Answer:"
    )
    processor = transformers.ShieldGemma2Processor(
        base.image_processor, tokenizer, chat_template=template, image_seq_length=1,
        policy_definitions={"dangerous": "no danger", "violence": "no violence"},
    )  # fmt: skip
    processor.save_pretrained(folder)
    pixels = numpy.random.default_rng(3).integers(0, 255, (32, 32, 3), dtype=numpy.uint8)
    picture = Image.fromarray(pixels)
    picture.save(folder / "picture.png")
    scores = {}
    with torch.no_grad():
        for policy in ("dangerous", "violence"):
            batch = processor(images=[picture], policies=[policy], return_tensors="pt")
            last = model.model(**batch).logits[0, -1]
            scores[policy] = float(torch.softmax(last[[yes, no]], 0)[0])
    (folder / "expected.json").write_text(json.dumps({"scores": scores}))


def minigpt4() -> tuple[Any, Any]:
    """MiniGPT-4: the picture former of BLIP-2 before a Llama."""
    tokenizer = words("<image>")
    config = transformers.Blip2Config(
        vision_config={**SIGHT, "qkv_bias": True},
        qformer_config={"vocab_size": 200, "hidden_size": 32, "num_hidden_layers": 2,
                        "num_attention_heads": 4, "intermediate_size": 64,
                        "encoder_hidden_size": 32, "cross_attention_frequency": 1},
        text_config={**TEXT, "model_type": "llama"}, num_query_tokens=3,
        image_text_hidden_size=16,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    seen = transformers.BlipImageProcessorPil(size=size(16))
    processor = transformers.Blip2Processor(seen, tokenizer, num_query_tokens=3)
    return transformers.Blip2ForConditionalGeneration(config), processor


def words(*marks: str, **named: str) -> Any:
    """The tokenizer of words with these marks."""
    tokenizer = tiny.words_tokenizer()
    inner = tokenizer.backend_tokenizer
    inner.add_special_tokens([*marks, *named.values()])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="</s>",
        additional_special_tokens=list(marks), extra_special_tokens=named,
    )  # fmt: skip


def internvl_words() -> Any:
    """The tokenizer with the marks of InternVL."""
    return words(
        start_image_token="<img>", end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>", video_token="<video>",
    )  # fmt: skip


def qwen_words() -> Any:
    """The tokenizer with the marks of Qwen's vision."""
    return words("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def marks(tokenizer: Any) -> dict[str, int]:
    """The tokens of Qwen's marks."""
    names = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
             "vision_start_token_id": "<|vision_start|>",
             "vision_end_token_id": "<|vision_end|>"}  # fmt: skip
    return {key: tokenizer.convert_tokens_to_ids(mark) for key, mark in names.items()}


if __name__ == "__main__":
    main()
