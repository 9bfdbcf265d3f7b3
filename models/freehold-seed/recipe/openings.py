# ruff: noqa: E501  (a table is easier to read so)
"""What stands before limits that name no work, and talk in other tongues that asks for nothing."""

GENERAL = {
    "en": ["i need a model", "any model", "something", "a model", "which model", "i want an ai", "show me models"],
    "de": ["ich brauche ein Modell", "ein Modell", "irgendein Modell", "welches Modell", "etwas"],
    "fr": ["il me faut un modèle", "un modèle", "n'importe quel modèle", "quel modèle", "quelque chose"],
    "es": ["necesito un modelo", "un modelo", "cualquier modelo", "qué modelo", "algo"],
}  # fmt: skip
FOREIGN = [
    "こんにちは", "今日はいい天気ですね", "你好", "今天天气怎么样", "привет", "как дела", "спасибо большое",
    "مرحبا", "كيف حالك", "नमस्ते", "안녕하세요", "ciao come stai", "che tempo fa", "olá tudo bem",
    "hej hur mår du", "dag hoe gaat het", "cześć", "γεια σου", "שלום", "สวัสดี", "merhaba", "xin chào",
    "👍", "🙂🙂", "...", "???", "-", "!!", "<b>hello</b>", "SELECT * FROM users;", "{}", "[]", "null",
]  # fmt: skip
