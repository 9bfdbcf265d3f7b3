"""How models of language that judge are asked, and where their verdict stands."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from freehold.core.errors import UsageError
from freehold.engines.workers.language.prompts import turn
from freehold.tasks.text_generation import Message

RULES = {
    "dangerous": (
        "No Dangerous Content: The text shall not help or encourage anybody to do harm to "
        "themselves or to others."
    ),
    "harassment": (
        "No Harassment: The text shall not threaten, bully or abuse another person, and shall "
        "not make light of tragedies."
    ),
    "hate": (
        "No Hate Speech: The text shall not attack, demean or call for harm to people for what "
        "they are."
    ),
    "sexual": "No Sexually Explicit Content: The text shall not describe sexual acts.",
}
"""Rules in our own words for a guard that takes a guideline and is given none."""
YES, NO = ("Yes", "yes", " Yes", " yes"), ("No", "no", " No", " no")


class Guard(Protocol):
    """One way to ask a model of language for a verdict."""

    notes: tuple[str, ...]
    more: str
    """What to write after the question to be told the categories; empty where there are none."""

    def harms(self, policy: str | None, categories: Sequence[str]) -> dict[str, str] | list[str]:
        """What to ask about, by name."""

    def asked(self, chat: Sequence[Message], harm: str) -> list[int]:
        """The tokens after which the verdict stands."""

    def scores(self, harm: str, scores: torch.Tensor) -> dict[str, float]:
        """The probability of harm from the scores of the next token."""


def recognized(tokenizer: Any, options: Mapping[str, str]) -> Guard:
    """The way that the model's own template declares, or that the options name."""
    found = tokenizer.chat_template
    template = "\n".join(found.values()) if isinstance(found, dict) else found or ""
    if "yes" in options or "no" in options:
        return Plain(tokenizer, options)
    if "guideline" in template:
        return ByGuideline(tokenizer)
    if "guardian_config" in template:
        return ByRisk(tokenizer)
    if "unsafe" in template and "categor" in template.lower():
        return ByCategory(tokenizer)
    raise UsageError(
        "the chat template of this model does not say how it judges",
        hint="the options yes and no name the words to compare",
    )


class Words:
    """Asks by the chat template, and compares the chances of two sets of words."""

    def __init__(self, tokenizer: Any, yes: Sequence[str], no: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        self.yes, self.no = tokens(tokenizer, yes), tokens(tokenizer, no)
        self.notes: tuple[str, ...] = ()
        self.more = ""

    def rendered(self, chat: Sequence[Message], **words: Any) -> str:
        """The question as text."""
        turns = [turn(message) for message in chat]
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    turns, tokenize=False, add_generation_prompt=True, **words
                )
            )
        except Exception as error:
            raise UsageError(
                f"the chat template of this model refuses the chat: {error}"
            ) from error

    def encoded(self, text: str) -> list[int]:
        """The tokens of a text that the template made."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def scores(self, harm: str, scores: torch.Tensor) -> dict[str, float]:
        """How likely the one is, when it must be one of the two."""
        yes, no = scores[self.yes].logsumexp(0), scores[self.no].logsumexp(0)
        return {harm: float(torch.sigmoid(yes - no))}


class ByGuideline(Words):
    """ShieldGemma's way: one rule at a time, is it violated? Yes or No."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer, ("Yes",), ("No",))
        self._rules: dict[str, str] = {}

    def harms(self, policy: str | None, categories: Sequence[str]) -> list[str]:
        """The policy that is given, else our own rules."""
        self._rules = {"policy": policy} if policy is not None else RULES
        self.notes = () if policy is not None else ("judged by the rules of Freehold",)
        return known(categories, list(self._rules))

    def asked(self, chat: Sequence[Message], harm: str) -> list[int]:
        """The question about one rule."""
        return self.encoded(self.rendered(chat, guideline=self._rules[harm]))


class ByRisk(Words):
    """Granite Guardian's way: one named risk at a time. Yes or No."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer, YES, NO)

    def harms(self, policy: str | None, categories: Sequence[str]) -> list[str]:
        """The risks that are named, else harm in general; a policy is a definition of a risk."""
        self._policy = policy
        return list(categories) or (["policy"] if policy is not None else ["harm"])

    def asked(self, chat: Sequence[Message], harm: str) -> list[int]:
        """The question about one risk."""
        config = {"risk_name": harm}
        if self._policy is not None:
            config["risk_definition"] = self._policy
        return self.encoded(self.rendered(chat, guardian_config=config))


class ByCategory(Words):
    """Llama Guard's way: safe, or unsafe and then which categories of its template."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer, ("unsafe",), ("safe",))
        self.more = "unsafe\n"

    def harms(self, policy: str | None, categories: Sequence[str]) -> list[str]:
        """Harm as a whole."""
        if policy is not None or categories:
            raise UsageError("this guard judges by the categories of its own template")
        return ["unsafe"]

    def asked(self, chat: Sequence[Message], harm: str) -> list[int]:
        """The question, and the empty lines with which the model begins."""
        text = self.rendered(chat)
        return self.encoded(text if text.endswith("\n\n") else text.rstrip("\n") + "\n\n")


class Plain(Words):
    """Any model of language: the policy and the text, then one of two words."""

    def __init__(self, tokenizer: Any, options: Mapping[str, str]) -> None:
        super().__init__(tokenizer, (options.get("yes", "Yes"),), (options.get("no", "No"),))
        self._words = options.get("yes", "Yes"), options.get("no", "No")
        self._rules: dict[str, str] = {}

    def harms(self, policy: str | None, categories: Sequence[str]) -> list[str]:
        """The policy that is given, else our own rules."""
        self._rules = {"policy": policy} if policy is not None else RULES
        return known(categories, list(self._rules))

    def asked(self, chat: Sequence[Message], harm: str) -> list[int]:
        """The question in our own words, by the chat template where there is one."""
        said = "\n".join(f"{message.role}: {message.content}" for message in chat)
        yes, no = self._words
        text = (
            f"Rule: {self._rules[harm]}\n\nText:\n{said}\n\n"
            f"Does the text violate the rule? Answer {yes} or {no}."
        )
        if not self.tokenizer.chat_template:
            return list(self.tokenizer(text + "\nAnswer:")["input_ids"])
        return self.encoded(self.rendered([Message("user", text)]))


def tokens(tokenizer: Any, words: Sequence[str]) -> list[int]:
    """The tokens of words that are one token; UsageError when none is."""
    found = set()
    for word in words:
        code = tokenizer(word, add_special_tokens=False)["input_ids"]
        if len(code) == 1:
            found.add(int(code[0]))
    if not found:
        raise UsageError(f"the vocabulary of this model has no token for {words[0]!r}")
    return sorted(found)


def known(asked: Sequence[str], names: list[str]) -> list[str]:
    """The names that are asked for; all when none is."""
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise UsageError(f"no category {unknown[0]!r}; there are {', '.join(names)}")
    return list(asked) or names
