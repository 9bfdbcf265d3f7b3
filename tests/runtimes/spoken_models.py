"""Makes tiny models that speak and play, in their publishers' layouts, and lets the library speak.

Run in the runtime: the folder, then the names of the functions below. Each makes the folder of its
name, and `expected.npy` in it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers as hf

HERE = Path(sys.argv[1])
SEED = 7


def wide(model: Any, seed: int = 1, std: float = 0.2) -> Any:
    """The model with weights that are drawn wide enough to be heard."""
    torch.manual_seed(seed)
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=std)
    return model.eval()


def pieces(folder: Path) -> Any:
    """A tokenizer of letters in the files that fast tokenizers have."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    signs = ["<pad>", "</s>", "<unk>", " ", *(chr(97 + n) for n in range(26))]
    inner = Tokenizer(models.BPE({sign: n for n, sign in enumerate(signs)}, [], unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")
    tokenizer = hf.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def vits(folder: Path) -> Any:
    """VITS as MMS-TTS has it: letters, with a blank between two."""
    signs = ["|", *(chr(97 + n) for n in range(26)), " ", "<unk>"]
    (folder / "vocab.json").write_text(json.dumps({sign: n for n, sign in enumerate(signs)}))
    tokenizer = hf.VitsTokenizer(
        str(folder / "vocab.json"), pad_token="|", phonemize=False, is_uroman=False
    )
    tokenizer.save_pretrained(folder)
    model = wide(
        hf.VitsModel(
            hf.VitsConfig(
                vocab_size=len(signs),
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                ffn_dim=16,
                flow_size=16,
                spectrogram_bins=9,
                upsample_initial_channel=16,
                upsample_rates=[8, 8],
                upsample_kernel_sizes=[16, 16],
                resblock_kernel_sizes=[3],
                resblock_dilation_sizes=[[1, 3]],
                prior_encoder_num_flows=1,
                prior_encoder_num_wavenet_layers=1,
                posterior_encoder_num_wavenet_layers=1,
                duration_predictor_num_flows=2,
                duration_predictor_flow_bins=4,
                wavenet_dilation_rate=1,
                depth_separable_num_layers=1,
                depth_separable_channels=2,
            )
        )
    )
    model.save_pretrained(folder)
    model.speaking_rate = 1.5
    torch.manual_seed(SEED)
    return model(**tokenizer("good day", return_tensors="pt")).waveform[0]


def changed(folder: Path, change: Any) -> Any:
    """VITS with weights that were changed after it was made."""
    from safetensors.torch import load_file, save_file

    sound = vits(folder)
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return sound


def vits_nan(folder: Path) -> Any:
    """With one number that is none."""
    return changed(folder, lambda w: w["text_encoder.embed_tokens.weight"].fill_(float("nan")))


def vits_lacking(folder: Path) -> Any:
    """Without one tensor."""
    return changed(folder, lambda w: w.pop("text_encoder.embed_tokens.weight"))


def vits_narrow(folder: Path) -> Any:
    """Stored in 16 bits."""
    return changed(folder, lambda w: w.update({name: x.half() for name, x in w.items()}))


def speecht5(folder: Path) -> Any:
    """SpeechT5 with its vocoder in a folder of its own and a voice beside it."""
    import sentencepiece

    lines = [f"{chr(97 + a)}{chr(97 + b)} {chr(97 + b)}" for a in range(26) for b in range(26)]
    (folder / "lines.txt").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "lines.txt"),
        model_prefix=str(folder / "spm_char"),
        vocab_size=40,
        model_type="char",
        minloglevel=2,
        hard_vocab_limit=False,
        pad_id=1,
        bos_id=0,
        eos_id=2,
        unk_id=3,
    )
    tokenizer = hf.SpeechT5Tokenizer(str(folder / "spm_char.model"))
    extractor = hf.SpeechT5FeatureExtractor()
    tokenizer.save_pretrained(folder)
    extractor.save_pretrained(folder)
    size = {"hidden_size": 16, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 100}
    model = wide(
        hf.SpeechT5ForTextToSpeech(
            hf.SpeechT5Config(
                **size,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=16,
                decoder_ffn_dim=16,
                speech_decoder_prenet_units=16,
                speech_decoder_postnet_units=16,
                speaker_embedding_dim=8,
            )
        )
    )
    model.speech_decoder_postnet.prob_out.bias[:] = -20  # it speaks as long as it may
    model.save_pretrained(folder)
    vocoder = wide(
        hf.SpeechT5HifiGan(
            hf.SpeechT5HifiGanConfig(
                upsample_initial_channel=8,
                upsample_rates=[4, 4],
                upsample_kernel_sizes=[8, 8],
                resblock_kernel_sizes=[3],
                resblock_dilation_sizes=[[1]],
            )
        )
    )
    vocoder.save_pretrained(folder / "vocoder")
    voice = numpy.linspace(-1, 1, 8, dtype="float32")
    numpy.save(folder / "ada.npy", voice)
    ids = tokenizer("good day", return_tensors="pt")["input_ids"]
    torch.manual_seed(SEED)
    return model.generate_speech(ids, torch.from_numpy(voice)[None], vocoder=vocoder)


def fastspeech(folder: Path) -> Any:
    """FastSpeech2Conformer with HiFi-GAN in one checkpoint, as ESPnet's are published."""
    signs = ["<blank>", "<unk>", "AH0", "T", "N", "D", "IH1", "HH", "G", "UH1", "<sos/eos>"]
    (folder / "vocab.json").write_text(json.dumps({sign: n for n, sign in enumerate(signs)}))
    model_config = hf.FastSpeech2ConformerConfig(
        vocab_size=len(signs),
        hidden_size=16,
        num_mel_bins=20,
        encoder_layers=1,
        decoder_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        encoder_linear_units=16,
        decoder_linear_units=16,
        speech_decoder_postnet_units=8,
        duration_predictor_channels=16,
        energy_predictor_channels=16,
        pitch_predictor_channels=16,
        num_speakers=2,
        num_languages=None,
        encoder_kernel_size=3,
        decoder_kernel_size=3,
    )
    vocoder_config = hf.FastSpeech2ConformerHifiGanConfig(
        model_in_dim=20,
        upsample_initial_channel=8,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
    )
    both = wide(
        hf.FastSpeech2ConformerWithHifiGan(
            hf.FastSpeech2ConformerWithHifiGanConfig(
                model_config=model_config.to_dict(), vocoder_config=vocoder_config.to_dict()
            )
        )
    )
    both.save_pretrained(folder)
    ids = torch.tensor([[signs.index(sign) for sign in ("G", "UH1", "D", "<sos/eos>")]])
    return both(ids, speaker_ids=torch.tensor([[1]]), return_dict=True).waveform


def codec(rate: int = 16_000) -> Any:
    """A small EnCodec with four codebooks."""
    return hf.EncodecConfig(
        sampling_rate=rate,
        upsampling_ratios=[8, 5, 4, 2],
        num_filters=4,
        hidden_size=16,
        codebook_size=32,
        codebook_dim=16,
        num_lstm_layers=1,
        target_bandwidths=[1.0],
        norm_type="weight_norm",
    )


def musicgen(folder: Path) -> Any:
    """MusicGen (and AudioGen, which differs by its rate): T5, a decoder and EnCodec."""
    tokenizer = pieces(folder)
    text = hf.T5Config(
        vocab_size=len(tokenizer), d_model=16, d_ff=16, num_layers=1, num_heads=2, d_kv=8
    )
    decoder = hf.MusicgenDecoderConfig(
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        num_codebooks=4,
        max_position_embeddings=128,
        pad_token_id=32,
        bos_token_id=32,
    )
    config = hf.MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=codec().to_dict(), decoder=decoder.to_dict()
    )
    model = wide(hf.MusicgenForConditionalGeneration(config), std=0.5)
    model.generation_config = hf.GenerationConfig(
        decoder_start_token_id=32,
        pad_token_id=32,
        bos_token_id=32,
        do_sample=True,
        guidance_scale=3.0,
        max_length=60,
    )
    model.save_pretrained(folder)
    torch.manual_seed(SEED)
    made = tokenizer("rain", return_tensors="pt")
    return model.generate(**made, max_new_tokens=23)[0]


def without_none(told: Any) -> Any:
    """A table without what was not said."""
    if not isinstance(told, dict):
        return told
    return {name: without_none(value) for name, value in told.items() if value is not None}


def bark(folder: Path) -> Any:
    """Bark with one voice."""
    from transformers.models.bark import generation_configuration_bark as settings

    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(chr(97 + n) for n in range(26))]
    vocab += [f"##{chr(97 + n)}" for n in range(26)]
    (folder / "vocab.txt").write_text("\n".join(vocab))
    tokenizer = hf.BertTokenizer(str(folder / "vocab.txt"))
    voice = {
        "semantic_prompt": numpy.arange(8) % 5,
        "coarse_prompt": numpy.arange(16).reshape(2, 8) % 7,
        "fine_prompt": numpy.arange(64).reshape(8, 8) % 7,
    }
    (folder / "voices").mkdir()
    for name, value in voice.items():
        numpy.save(folder / "voices" / f"ada_{name}.npy", value)
    (folder / "speaker_embeddings_path.json").write_text(
        json.dumps(
            {"repo_or_path": "there", "ada": {name: f"voices/ada_{name}.npy" for name in voice}}
        )
    )
    tokenizer.save_pretrained(folder)
    size = {"hidden_size": 16, "num_layers": 1, "num_heads": 2, "block_size": 1024}
    config = hf.BarkConfig(
        semantic_config={**size, "input_vocab_size": 129_600, "output_vocab_size": 10_048},
        coarse_acoustics_config={**size, "input_vocab_size": 12_096, "output_vocab_size": 12_096},
        fine_acoustics_config={
            **size,
            "input_vocab_size": 1_056,
            "output_vocab_size": 1_056,
            "n_codes_total": 8,
            "n_codes_given": 1,
        },
        codec_config=hf.EncodecConfig(
            sampling_rate=24_000,
            num_filters=4,
            hidden_size=16,
            codebook_size=1024,
            codebook_dim=16,
            num_lstm_layers=1,
        ).to_dict(),
    )
    model = wide(hf.BarkModel(config))
    chosen = settings.BarkGenerationConfig(
        semantic_config=settings.BarkSemanticGenerationConfig(max_new_tokens=6).to_dict(),
        coarse_acoustics_config=settings.BarkCoarseGenerationConfig(
            max_coarse_history=60
        ).to_dict(),
        fine_acoustics_config=settings.BarkFineGenerationConfig().to_dict(),
    )
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps(without_none(chosen.to_dict())))
    model = hf.BarkModel.from_pretrained(folder).eval()
    processor = hf.BarkProcessor.from_pretrained(folder)
    torch.manual_seed(SEED)
    return model.generate(**processor("good day", voice_preset="ada"))[0]


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            sound = globals()[name](target)
        numpy.save(target / "expected.npy", sound.float().reshape(-1).numpy())
        print(name, sound.shape, float(sound.std()), float(sound.abs().max()))
