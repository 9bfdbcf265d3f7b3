"""The text that engines are held against: prose, lists and code, so that it is like real work."""

import random

SENTENCES = (
    "The harbor wakes before the town does, and the first boats leave while the lamps still burn.",
    "A baker counts the loaves by touch, for the light in the cellar has never been good.",
    "When the river rises above the third step, the school on the left bank stays closed.",
    "Nobody remembers who planted the walnut tree, yet three families claim its shade.",
    "To bleed a radiator, turn the valve with a small key until water follows the air.",
    "The report lists four causes: heat, dust, loose cables and a clock that ran too fast.",
    "She wrote the recipe on the back of a train ticket and lost both on the same day.",
    "In 1897 the bridge carried forty carts an hour; today it carries four thousand cars.",
    "Divide the total by the number of shares, round down, and keep the rest for next month.",
    "If the sensor reads nothing, check the fuse, then the plug, then the sensor itself.",
    "The court held that a promise made in a letter binds like one made in person.",
    "def area(width, height): return width * height  # in square meters",
    "for name, price in sorted(prices.items()): print(f'{name}: {price:.2f}')",
    "SELECT city, COUNT(*) FROM visits WHERE year = 2024 GROUP BY city ORDER BY 2 DESC;",
    "Salt water freezes at a lower temperature than fresh water, which is why roads are salted.",
    "Dear Ms. Okafor, thank you for your patience; the missing parts were sent this morning.",
    "The second violin enters two bars late on purpose, like a guest who wants to be noticed.",
    "Un viento frío bajó de la sierra y nadie quiso salir a la plaza aquella noche.",
    "Der Zug nach Leipzig fährt heute von Gleis sieben und kommt zwölf Minuten später an.",
    "Most of the weight of a tree comes from the air, not from the soil it stands in.",
    "Press and hold both buttons for five seconds; the lamp blinks twice when it is ready.",
    "A prime number has exactly two divisors, so one is not prime and two is the only even one.",
    "The village paid its teacher in firewood, eggs and, in good years, a little silver.",
    "Warnings: keep away from open fire; do not mix with acids; store below thirty degrees.",
    "His map showed an island where three ships had since sailed over open water.",
    "The committee meets on Tuesdays, decides on Thursdays, and explains itself on Fridays.",
    "An engine that is cold burns more fuel than one that has run for ten minutes.",
    "Before sunrise the fishermen argue about wind; after it they argue about prices.",
)
PLACES = 64
"""Places of the text whose next token is compared."""


def passage(number: int, letters: int) -> str:
    """A text of so many letters; another number is another order, so little of it is known."""
    drawn = random.Random(number)
    parts: list[str] = []
    length = 0
    while length < letters:
        round_ = list(SENTENCES)
        drawn.shuffle(round_)
        parts += round_
        length += sum(len(sentence) + 1 for sentence in round_)
    return " ".join(parts)[:letters]


def beginnings(letters: int, count: int = PLACES) -> list[str]:
    """Beginnings of one text, each a few words longer than the one before, for next tokens."""
    words = " ".join(SENTENCES)[:letters].split(" ")
    count = min(count, len(words))
    return [" ".join(words[: len(words) * number // count]) for number in range(1, count + 1)]
