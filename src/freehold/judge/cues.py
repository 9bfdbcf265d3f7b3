# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Tells whether words beside a license could take something away, without reading what.

Where a free license stands in one file and other words in a second, any sentence that denies,
limits, demands or names a kind of user is a sign that the license is not all that holds.
"""

import re

MOST = 100_000
"""Characters that are looked at."""

_CUES = re.compile(
    r"\b(?:not|no|only|solely|exclusively|strictly|merely|never|nor|nothing|nobody|none|cannot|can't|mustn't|prohibit\w*|forbid\w*|ban|bans|banned|exclud\w*"
    r"|except\w*|unless|restrict\w*|limited|reserved|outside|beyond|off|end|ends|non-?commercial\w*|noncommercial\w*|commercial\w*|subject|require\w*|must|shall"
    r"|needs?|has to|have to|owes?|contact|request|permission|consent|prior|written|obtain\w*|separate\w*|further|fee|fees|paid|payment|purchase|personal|private|hobby|hobbyists?|research|academic"
    r"|scholar\w*|scientific|universit\w+|students?|business\w*|compan(?:y|ies)|enterprises?|firms?|entities|organi[sz]ations|corporations?|revenue|profit\w*|money|moneti\w*|trade|displays?|shows?"
    r"|phrase|legend|credit|evil|military|weapons?|armed|police|surveillance|medical|clinical|residents?|persons|citizens|union|kingdom|competi\w+|rival|outputs?|generations|distill\w*|train\w*"
    r"|resale|sale|sell|users?|monthly|employees|qualify|qualifies|licensees?|valid|void|stay|withdraw\w*|revo\w+|terminat\w+"
    r"|nur|nicht|kein\w*|ausschließlich|allein|untersagt|verboten|bedarf|gewerblich\w*|kommerziell\w*|nichtkommerziell\w*|beschränkt|lizenz|umsatz\w*|jahresumsatz|nutzern?|erwerbs\w*|vertrag"
    r"|uniquement|seulement|strictement|exclusivement|interdi\w*|réservée?s?|pas|sans|lucrati\w*|commerciale?s?|autorisation|entreprises|subordonnée?"
    r"|solo|sólo|únicamente|exclusivamente|prohib\w*|sin|comercia\w*|excluid\w*|limitad\w*|empresas|lucro|apenas|proibid\w*|vietat\w*|soltanto"
    r"|только|некоммерч\w*|запрещ\w*|нельзя|исключительно)\b"
    r"|[仅僅只不禁非须須需限勿専のみ]|商|许可|研究|盈利|비상업|금지|فقط|غير|ممنوع",
    re.IGNORECASE,
)
_SPACED = re.compile(r"(?:\b[^\W\d]\b\W{1,3}){6,}")
"""Letters set apart, as somebody writes who does not want to be read."""
_BOILERPLATE = re.compile(r"\ball\s+rights\s+reserved\b|https?://\S+", re.IGNORECASE)
_HARMLESS = re.compile(
    r"\b(?:without|no|any)\b[^.]{0,30}\b(?:warrant\w*|guarantee\w*|liab\w+|restrictions?|limits?|limitations?|obligation)\b|\bnot (?:liable|responsible)\b"
    r"|\b(?:for|including) (?:any|all|both)\b[^.]{0,60}\b(?:purposes?|uses?|commercial)\b|\bcommercial(?:ly)?(?: use)?(?: is| are)? (?:\w+ )?(?:allowed|permitted|free|welcome|fine|ok)\b"
    r"|\b(?:may|can|free to|permits?|allows?)\b[^.]{0,60}\bcommercial\w*\b|\b(?:must|shall|should|please) (?:keep|retain|include|give|cite|credit)\b[^.]{0,60}\b(?:notices?|licen[sc]e|paper|us|copyright)\b"
    r"|\bsubject to the (?:\w+ ){0,4}licen[sc]e\W*$",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but|except\w*|only|solely|unless|if|provided|other than|save|hobby|personal|private|research|non-?commercial\w*|not(?! (?:liable|responsible)))\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?<=[.!?;。！？；])\s*|\n+")


def cue(text: str) -> str | None:
    """The first sentence that could take something away, or None."""
    plain = _BOILERPLATE.sub(" ", text[:MOST].replace("\u00ad", ""))
    spaced = _SPACED.search(plain)
    if spaced:
        return " ".join(spaced.group().split())[:200]
    for part in _ENDS.split(plain):
        said = " ".join(part.split())
        if said and _CUES.search(said) and (_BUT.search(said) or not _HARMLESS.search(said)):
            return said[:200]
    return None
