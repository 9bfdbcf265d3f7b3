# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Finds the countries in which a license grants nothing."""

import re

_NAMES = {
    "EU": r"european\s+union|\beu\b|member\s+states?\s+of\s+the\s+(?:european\s+union|eu)|union\s+européenne|europäische[nr]?\s+union|unión\s+europea|欧盟|歐盟",
    "EEA": r"european\s+economic\s+area|\beea\b",
    "GB": r"united\s+kingdom|great\s+britain|\bu\.?k\.?\b|英国",
    "KR": r"south\s+korea|republic\s+of\s+korea|韩国",
    "CN": r"(?:mainland\s+)?china|people.s\s+republic\s+of\s+china|\bprc\b",
    "US": r"united\s+states|\bu\.s\.a?\.?\b|\busa\b",
    "RU": r"\brussia(?:n\s+federation)?\b",
    "IN": r"\bindia\b",
    "JP": r"\bjapan\b",
    "CH": r"\bswitzerland\b",
    "CA": r"\bcanada\b",
    "KP": r"\bnorth\s+korea\b",
    "IR": r"\biran\b",
    "BR": r"\bbrazil\b",
    "DE": r"\bgermany\b",
    "FR": r"\bfrance\b",
    "IT": r"\bitaly\b",
}  # fmt: skip
_PLACES = {code: re.compile(pattern) for code, pattern in _NAMES.items()}
PLACE_ANCHORS = (
    "european union", "european economic", "united kingdom", "south korea", "china", "united states",
    "russia", "india", "japan", "switzerland", "canada", "korea", " eu ", " eu.", " eu,", " eea", " uk",
    "iran", "brazil", "germany", "france", "italy", "u.s.", " usa", "欧盟", "英国", "韩国", "territor",
    "europäisch", "européenne", "europea", "european\n",
)  # fmt: skip
_NO = (
    r"(?:(?:do|does|shall|may|must|can|will|is|are)\s+not|cannot|not\s+(?:be\s+)?(?:granted|permitted|available"
    r"|allowed|licensed|authori[sz]ed|apply|extend|being\s+granted)|excluding|excludes?d?|except(?:ing|\s+for|\s+in)?|other\s+than"
    r"|prohibited|forbidden|(?:falls?\s+|lies?\s+)?outside(?:\s+of)?|not\s+(?:in|within|for)|nicht|keine|pas|interdit\w*|prohibid\w*|no\s+rights?|不适用|不得|除)"
)
_GRANT = re.compile(
    r"\b(?:us(?:e|ed|ing|er)|licen[sc]e[ds]?|agreement|grant(?:s|ed)?|rights?|distribut\w+|territor\w+|available|offered|deploy\w*|access\w*"
    r"|downloaded|apply|applies|nutz\w+|utilis\w+|verwend\w+|us[oa]\w*|usar\w*|lizenz\w*|licencia|licence)\b|许可|使用"
)
_OTHER = re.compile(
    r"govern(?:ed|ing)\s+law|governed\s+by|laws?\s+of|courts?\b|jurisdiction|export|sanction|embargo"
    r"|copyright\s+act|government|warrant|convention|consumer|trademark|directive|trade\s+control|treaty|has\s+copyright|holds?\s+rights|endorse"
    r"|geographical|regulation|regulated|patent|address|currency|dollars|privacy|gdpr"
)
_WITHHELD = re.compile(rf"{_NO}[\s\S]{{0,170}}$")
_AFTER = re.compile(
    r"^[\s\S]{0,90}?(?:is|are|be)?\s*(?:not\s+(?:granted|permitted|allowed|licensed|authori[sz]ed|covered|included)|excluded|prohibited|forbidden|falls?\s+outside|lies?\s+outside|untersagt|nicht|\w{4,}\s+keine\s+(?:lizenz|rechte)|不适用)"
)
_FREED = re.compile(r"does\s+not\s+apply\s+to\s+end\s+users")


def excluded(low: str) -> tuple[str, ...]:
    """The codes of the places that one lower-case sentence takes out of the grant."""
    found = [
        (hit.start(), hit.end(), code) for code, p in _PLACES.items() if (hit := p.search(low))
    ]
    if not found or not _GRANT.search(low) or _FREED.search(low):
        return ()
    first, last = min(found)[0], max(end for _, end, _ in found)
    if _OTHER.search(low[max(0, first - 120) : last + 60]):
        return ()
    if _WITHHELD.search(low[:first]) or _AFTER.match(low[last:]):
        codes = {code for _, _, code in found}
        return tuple(code for code in _NAMES if code in codes)
    return ()
