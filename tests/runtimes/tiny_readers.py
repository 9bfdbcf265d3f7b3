"""Makes tiny models that read images, and what the library itself reads: `NAME.json`.

Run by the Python of the runtime: `python tiny_readers.py FOLDER NAME...`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers as t
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

HERE = Path(sys.argv[1])
WIDE, HIGH = 60, 40
WORDS = ("a red square", "a blue sky")


def image() -> Any:
    """A bright square on a slope."""
    rows, columns = numpy.mgrid[:HIGH, :WIDE]
    color = numpy.stack([columns * 4, rows * 6, 255 - columns * 3], axis=-1).astype(numpy.uint8)
    color[10:22, 8:20] = (250, 40, 30)
    return Image.fromarray(color)


def bart_tokenizer() -> Any:
    """A byte-level tokenizer with one token for each byte, and the places of Florence-2."""
    vocab = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    for sign in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocab[sign] = len(vocab)
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    places = [f"<loc_{n}>" for n in range(1000)]
    made = t.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        unk_token="<unk>", extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    made.add_tokens(["<od>", "</od>", "<ocr>", "</ocr>", *places, "<sep>", "<poly>", "</poly>"])
    return made


def florence() -> None:
    """Florence-2 in the layout of transformers."""
    tokenizer = bart_tokenizer()
    config = t.Florence2Config(
        text_config={
            "model_type": "bart", "vocab_size": len(tokenizer), "d_model": 32,
            "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
            "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
            "max_position_embeddings": 128, "bos_token_id": 0, "pad_token_id": 1,
            "eos_token_id": 2, "decoder_start_token_id": 2, "init_std": 0.5,
        },
        vision_config={
            "embed_dim": [8, 8, 16, 16], "num_heads": [1, 1, 2, 2], "num_groups": [1, 1, 2, 2],
            "depths": [1, 1, 1, 1], "window_size": 4, "projection_dim": 32,
            "max_temporal_embeddings": 8, "max_position_embeddings": 8,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    t.Florence2ForConditionalGeneration(config).save_pretrained(HERE / "florence")
    pictures = t.CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, crop_size={"height": 64, "width": 64},
        do_center_crop=False, image_seq_length=5,
    )  # fmt: skip
    t.Florence2Processor(pictures, tokenizer).save_pretrained(HERE / "florence")
    model = t.Florence2ForConditionalGeneration.from_pretrained(HERE / "florence").eval()
    processor = t.AutoProcessor.from_pretrained(HERE / "florence")
    found = {}
    for look, task in (("caption", "<CAPTION>"), ("objects", "<OD>")):
        given = processor(text=task, images=image(), return_tensors="pt")
        tokens = model.generate(**given, max_new_tokens=12)[0]
        found[look] = processor.tokenizer.decode(tokens, skip_special_tokens=look == "caption")
    said("florence", found)


def blip() -> None:
    """BLIP, which captions."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", *"abcdefghijklmnopqrstuvwxyz"]
    (HERE / "blip").mkdir()
    (HERE / "blip" / "vocab.txt").write_text("\n".join(words))
    tokenizer = t.BertTokenizer(vocab={word: n for n, word in enumerate(words)})
    config = t.BlipConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 32, "encoder_hidden_size": 32,
            "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "bos_token_id": 5, "pad_token_id": 0, "eos_token_id": 3, "sep_token_id": 3,
            "max_position_embeddings": 64,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
        },
    )  # fmt: skip
    t.BlipForConditionalGeneration(config).save_pretrained(HERE / "blip")
    pictures = t.BlipImageProcessorPil(size={"height": 32, "width": 32})
    t.BlipProcessor(pictures, tokenizer).save_pretrained(HERE / "blip")
    model = t.BlipForConditionalGeneration.from_pretrained(HERE / "blip").eval()
    processor = t.AutoProcessor.from_pretrained(HERE / "blip")
    tokens = model.generate(**processor(images=image(), return_tensors="pt"), max_new_tokens=8)[0]
    said("blip", processor.tokenizer.decode(tokens, skip_special_tokens=True))


def dpt() -> None:
    """DPT, which judges distances."""
    config = t.DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16,
        image_size=32, patch_size=8, backbone_out_indices=[0, 1, 2, 3], is_hybrid=False,
        neck_hidden_sizes=[4, 4, 8, 8], fusion_hidden_size=8, readout_type="project",
        initializer_range=0.5,
    )  # fmt: skip
    depth("dpt", t.DPTForDepthEstimation, config,
          t.DPTImageProcessorPil(size={"height": 32, "width": 32}))  # fmt: skip


def anything() -> None:
    """Depth Anything V2 (metric), on DINOv2."""
    back = t.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=28, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False,
        apply_layernorm=True, initializer_range=0.1,
    )  # fmt: skip
    config = t.DepthAnythingConfig(
        backbone_config=back, reassemble_hidden_size=16, neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4, patch_size=14, depth_estimation_type="metric",
        max_depth=20, initializer_range=0.1,
    )  # fmt: skip
    depth("anything", t.DepthAnythingForDepthEstimation, config,
          t.DPTImageProcessorPil(size={"height": 28, "width": 28}, keep_aspect_ratio=True,
                                 ensure_multiple_of=14))  # fmt: skip


def depth(name: str, kind: Any, config: Any, given: Any) -> None:
    kind(config).eval().save_pretrained(HERE / name)
    given.save_pretrained(HERE / name)
    model = t.AutoModelForDepthEstimation.from_pretrained(HERE / name).eval()
    given = t.AutoImageProcessor.from_pretrained(HERE / name)
    with torch.inference_mode():
        output = model(**given(images=image(), return_tensors="pt"))
    found = given.post_process_depth_estimation(output, target_sizes=[(HIGH, WIDE)])[0]
    said(name, found["predicted_depth"].flatten().tolist())


def vit() -> None:
    """ViT, which classifies."""
    config = t.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        image_size=32, patch_size=8, id2label={0: "cat", 1: "dog", 2: "fox"},
        label2id={"cat": 0, "dog": 1, "fox": 2},
    )  # fmt: skip
    t.ViTForImageClassification(config).save_pretrained(HERE / "vit")
    t.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(HERE / "vit")
    model = t.ViTForImageClassification.from_pretrained(HERE / "vit").eval()
    given = t.AutoImageProcessor.from_pretrained(HERE / "vit")
    with torch.inference_mode():
        chances = model(**given(images=image(), return_tensors="pt")).logits.softmax(-1)[0]
    said("vit", dict(zip(("cat", "dog", "fox"), chances.tolist(), strict=True)))


SEES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "image_size": 32, "patch_size": 8}  # fmt: skip


def pair(name: str, config: Any, tokenizer: Any, pictures: Any, kind: Any, **padding: Any) -> Any:
    """A model that compares texts and images, and what it says of two texts."""
    model = t.AutoModel.from_config(config).eval()
    model.logit_scale.data.fill_(1.0)
    model.save_pretrained(HERE / name)
    kind(pictures, tokenizer).save_pretrained(HERE / name)
    model = t.AutoModel.from_pretrained(HERE / name).eval()
    processor = t.AutoProcessor.from_pretrained(HERE / name)
    given = processor(text=list(WORDS), images=image(), return_tensors="pt", **padding)
    with torch.inference_mode():
        return model(**given).logits_per_image[0]


def clip() -> None:
    """CLIP."""
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = [*signs, *(sign + "</w>" for sign in signs), "<|startoftext|>", "<|endoftext|>"]
    vocab = {word: number for number, word in enumerate(letters)}
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "vocab_size": len(vocab), "max_position_embeddings": 40,
            "bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}  # fmt: skip
    config = t.CLIPConfig(text_config=text, vision_config=SEES, projection_dim=16)
    pictures = t.CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    logits = pair(
        "clip", config, t.CLIPTokenizer(vocab=vocab, merges=[]), pictures, t.CLIPProcessor,
        padding=True,
    )  # fmt: skip
    said("clip", dict(zip(WORDS, logits.softmax(-1).tolist(), strict=True)))


def said(name: str, found: Any) -> None:
    """Keep what the library read."""
    (HERE / f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    image().save(HERE / "image.png")
    for name in sys.argv[2:]:
        torch.manual_seed(0)
        globals()[name]()
