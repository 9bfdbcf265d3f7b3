# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Reads sizes of a business out of a sentence: users, revenue, employees, money raised."""

import re
from collections.abc import Iterator

from msgspec import Struct

_SMALL = {
    word: n
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * n
    for n, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {
    "hundred": 100, "thousand": 10**3, "k": 10**3, "tausend": 10**3, "mille": 10**3, "mil": 10**3,
    "million": 10**6, "millions": 10**6, "m": 10**6, "mm": 10**6, "mn": 10**6, "mio": 10**6,
    "millionen": 10**6, "millones": 10**6, "millón": 10**6, "lakh": 10**5, "crore": 10**7,
    "billion": 10**9, "billions": 10**9, "bn": 10**9, "b": 10**9, "milliarde": 10**9,
    "milliarden": 10**9, "milliards": 10**9, "milliard": 10**9, "万": 10**4, "萬": 10**4,
    "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8, "十亿": 10**9,
}  # fmt: skip
_CURRENCIES = {
    "us$": "USD", "usd": "USD", "$": "USD", "dollar": "USD", "dollars": "USD", "美元": "USD",
    "eur": "EUR", "€": "EUR", "euro": "EUR", "euros": "EUR", "gbp": "GBP", "£": "GBP",
    "rmb": "CNY", "cny": "CNY", "yuan": "CNY", "元": "CNY", "人民币": "CNY", "jpy": "JPY",
    "¥": "CNY", "inr": "INR", "krw": "KRW",
}  # fmt: skip

_HAN_DIGITS = {sign: n for n, sign in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
_HAN_PLACES = {"十": 10, "百": 100, "千": 1000}

_WORDS = "|".join([*_SMALL, "hundred", "a", "and"])
_SCALE = "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True))
_MONEY = r"us ?\$|\$|usd|eur|€|gbp|£|rmb|cny|¥|jpy|inr|krw|人民币"
_NUMBER = re.compile(
    rf"(?:(?P<before>{_MONEY})\s{{0,3}}(?:{_MONEY})?\s{{0,3}})?"
    r"(?<![a-z\d.,])(?P<digits>\d{1,3}(?:[,.'’\s]\d{3})+|\d+(?:\.\d+)?)"
    rf"(?:[\s-]{{0,3}}(?P<scale>(?:{_SCALE})))?(?![a-z\d])"
    rf"(?:\s{{0,3}}(?P<after>{_MONEY}|(?:(?:united\s+states|u\.?s\.?)\s+)?dollars?|euros?|yuan|美元|元))?"
    rf"|\b(?P<words>(?:{'|'.join([*_SMALL, 'a', 'hundred'])})(?:[\s-]+(?:{_WORDS}|thousand|million|billion)){{0,7}})\b"
    r"(?:\s{0,3}(?P<money>(?:(?:united\s+states|u\.?s\.?)\s+)?dollars?|euros?|yuan|rmb|usd|eur))?"
    r"|(?P<han>[一二两三四五六七八九十百千]{1,8}[万亿萬億])(?P<yuan>美元|元|人民币)?"
)  # fmt: skip

_COMPARED = re.compile(
    r"more\W+than|greater\W+than|larger\W+than|higher\W+than|in\W+excess|exce[ed]|above|over\b"
    r"|at\W+least|or\W+(?:more|greater|above|higher)|less\W+than|fewer\W+than|below|under\b|up\W+to"
    r"|surpass|beyond|reach|upwards?\W+of|\btops?\b|superior|not\W+more|no\W+more|lower\W+than|threshold|cross|[>≥<≤]|minimum|larger"
    r"|smaller|mehr\W+als|über|weniger\W+als|unter\b|übersteig|plus\W+de|moins\W+de|supérieur|dépass"
    r"|más\W+de|menos\W+de|super[ae]|超过|超過|大于|不超过|高于|低于|以上|以下|达到"
)
_METRICS = (
    (
        "users",
        re.compile(
            r"\bmaus?\b|\bmuus?\b|\bdaus?\b|\busers?\b|\bsubscribers\b|\bcustomers\b|\baudience\b|\bvisitors\b"
            r"|\bnutzer\w*|\butilisateurs\b|\busuarios\b|月活|用户|用戶"
        ),
    ),
    (
        "revenue",
        re.compile(
            r"\brevenues?\b|\bturnover\b|\bincome\b|\bearn(?:s|ing|ings|ed)?\b|\bsales\b|\barr\b"
            r"|\bgross\w*\b|\bproceeds\b|\breceipts\b|\bmak(?:es?|ing)\b|\b\w*umsatz\w*|\beinnahmen\b"
            r"|chiffre\s+d.affaires|\brevenus?\b|\bingresos\b|\bfacturaci[oó]n\b|营收|营业收入|收入"
        ),
    ),
    ("employees", re.compile(r"\bemployees\b|\bstaff\b|\bemploy(?:s|ing)?\b|\bworkers\b|\bmitarbeiter\w*|\bemployés\b|\bempleados\b|\bheadcount\b|员工")),
    ("total-finance", re.compile(r"\bfund(?:s|ing|ed)\b|\bvaluation\b|\bvalued\b|\braised\b|\bfinancing\b|\bassets\b|\bmarket\s+cap\w*|融资|估值")),
)  # fmt: skip
_SURE = re.compile(r"revenue|turnover|umsatz|\barr\b|affaires|ingresos|营收|收入|income")
_MONTH = re.compile(
    r"month|\bmaus?\b|\bmuus?\b|monat|mensuel|par\W+mois|mensual|al\W+mes|月活|每月|月度"
)
_YEAR = re.compile(
    r"annual|year|\barr\b|per\W+annum|twelve\W+months|12\W+months|fiscal|jahr|jährlich|année|annuel"
    r"|par\W+an\b|\baño|anual|每年|年度|年收入|年营"
)
_RELEASE = re.compile(
    r"release\W+date|date\W+of\W+(?:the\W+)?(?:\w+\W+)?release|(?:time|day)\W+of\W+(?:the\W+)?release"
    r"|was\W+released|(?:version|model)\W+release|veröffentlich|发布日|发布之日|date\W+de\W+publication"
)
_ONGOING = re.compile(
    r"at\W+any\W+time|any\W+(?:calendar\W+)?(?:month|year)|immediately\W+preceding|from\W+time"
    r"|as\W+soon\W+as|ever\b|preceding\W+(?:calendar\W+|fiscal\W+)?(?:month|year|12|twelve)"
)
_ANCHORS = (
    "user", "audience", "visitor", "mau", "muu", "revenue", "turnover", "income", "earn", "sales", "arr", "employ",
    "staff", "fund", "valuation", "valued", "raised", "assets", "subscribers", "customers", "umsatz",
    "einnahmen", "nutzer", "mitarbeiter", "affaires", "utilisateurs", "usuarios", "ingresos", "gross",
    "facturac", "empleados", "making", "makes", "月活", "用户", "收入", "营收", "员工", "融资", "估值",
)  # fmt: skip
ANCHORS = _ANCHORS
"""Words without which no sentence holds a threshold."""

_SMALLEST = {"users": 100, "revenue": 1000, "employees": 2, "total-finance": 10_000}


class Found(Struct, frozen=True):
    """One threshold of a sentence and where it stands in it."""

    metric: str
    number: int
    currency: str
    period: str
    at: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The threshold in one string; a currency other than US dollars is named."""
        money = f"{self.currency} " if self.currency not in ("", "USD") else ""
        return f"{self.number} {money}{self.metric}"


class _Amount(Struct, frozen=True):
    number: int
    currency: str
    start: int
    end: int


def thresholds(low: str) -> Iterator[Found]:
    """The thresholds in one lower-case sentence."""
    if not _COMPARED.search(low):
        return
    amounts = list(_amounts(low))
    for n, amount in enumerate(amounts):
        floor = amounts[n - 1].end if n else 0
        roof = amounts[n + 1].start if n + 1 < len(amounts) else len(low)
        found = _found(low, amount, (max(floor, amount.start - 160), min(roof, amount.end + 110)))
        if found:
            yield found


def _found(low: str, amount: _Amount, around: tuple[int, int]) -> Found | None:
    before, after = low[around[0] : amount.start], low[amount.end : around[1]]
    if not _COMPARED.search(before[-70:] + " # " + after[:25]):
        wide = low[max(0, amount.start - 70) : amount.start]
        if not _COMPARED.search(wide):
            return None
    metric = _metric(before, after, amount)
    if metric is None or amount.number < _SMALLEST[metric]:
        return None
    if metric == "revenue" and not amount.currency and not _SURE.search(before + after):
        return None
    period = _period(before, after)
    name = {"users": "monthly-active-users", "revenue": "annual-revenue"}.get(metric, metric)
    if metric == "revenue" and period == "month":
        name = "monthly-revenue"
    if metric in ("employees", "total-finance"):
        period = "point"
    currency = amount.currency if metric in ("revenue", "total-finance") else ""
    return Found(name, amount.number, currency, period, _at(low), amount.start, amount.end)


def _metric(before: str, after: str, amount: _Amount) -> str | None:
    """The nearest word for a metric that fits: money is no number of users."""
    fits = [m for m in _METRICS if (m[0] in ("revenue", "total-finance")) or not amount.currency]
    close = [(hit.start(), name) for name, p in fits if (hit := p.search(after))]
    far = [
        (len(before) - hit.end(), name) for name, p in fits for hit in [*p.finditer(before)][-1:]
    ]
    near = min(close, default=None)
    back = min(far, default=None)
    if near and (near[0] < 45 or back is None or near[0] <= back[0]):
        return near[1]
    return back[1] if back else None


def _period(before: str, after: str) -> str:
    for part, nearest in ((after, 0), (before, -1)):
        months, years = [*_MONTH.finditer(part)], [*_YEAR.finditer(part)]
        if months and years:
            later = years[nearest].start() > months[nearest].start()
            return "year" if later == (nearest == -1) or "months" in part else "month"
        if months or years:
            return "month" if months else "year"
    return "unstated"


def _at(low: str) -> str:
    if _RELEASE.search(low):
        return "release-date"
    return "ongoing" if _ONGOING.search(low) else "unstated"


def _amounts(low: str) -> Iterator[_Amount]:
    for m in _NUMBER.finditer(low):
        number = _digits(m) if m["digits"] else _written(m["han"]) or _spoken(m["words"] or "")
        money = m["before"] or m["after"] or m["money"] or m["yuan"] or ""
        key = money.replace(" ", "").split("states")[-1].removeprefix("u.s.").removeprefix("us\n")
        currency = _CURRENCIES.get(key, "USD" if "dollar" in money else "")
        if number is not None:
            yield _Amount(number, currency, m.start(), m.end())


def _digits(m: re.Match[str]) -> int | None:
    text = m["digits"]
    grouped = re.fullmatch(r"\d{1,3}(?:[,.'’\s]\d{3})+", text)
    whole = re.sub(r"\D", "", text) if grouped and not (m["scale"] and "." in text) else text
    if len(whole) > 15:
        return None
    return round(float(whole) * _SCALES.get(m["scale"] or "", 1))


def _written(signs: str | None) -> int | None:
    """Chinese numerals: 一千万 -> 10000000."""
    total = part = 0
    for sign in signs or "":
        if sign in _HAN_DIGITS:
            part = _HAN_DIGITS[sign]
        elif sign in _HAN_PLACES:
            total, part = total + max(part, 1) * _HAN_PLACES[sign], 0
        else:
            total, part = (total + part or 1) * _SCALES[sign], 0
    return total + part or None


def _spoken(words: str) -> int | None:
    """Seven hundred million -> 700000000; None where no number is meant."""
    total = part = 0
    for word in re.split(r"[\s-]+", words):
        if word in _SMALL:
            part += _SMALL[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _SCALES and word not in ("a", "m", "b", "k"):
            total, part = total + max(part, 1) * _SCALES[word], 0
    total += part
    return total if total >= 2 else None
