# ruff: noqa: E501  (a pattern is easier to read on one line)
"""What operative clauses of licenses look like: one rule per way of saying it.

In a pattern a space stands for whatever separates two words, `..` for up to 45 and `...` for up
to 130 characters in between; words in capitals are the fragments below. Patterns are held
against one lower-case sentence that has one of the anchors in it.
"""

import re
from functools import cache

from msgspec import Struct

from freehold.judge.clause_wordings import WORDINGS

FRAGMENTS = {
    "DENY": (
        r"\b(?:(?:may|must|shall|can|will|should|do|does|would|is|are)(?: you)?(?: also)? not|cannot|can't"
        r"|mustn't|won't|don't|not (?:be )?(?:permitted|allowed|authori[sz]ed|entitled|licensed|granted)"
        r"|prohibit(?:s|ed)?|forbid(?:s|den)?|disallow\w*|agrees? not|not to|refrain from|never|nor may"
        r"|no (?:right|permission|licen[sc]e|person|one|user|licensee) |barred from|strictly banned)"
    ),
    "BANNED": (
        r"(?:(?:is|are|be|remains?|shall be) (?:\w+ )?(?:not (?:\w+ )?(?:permitted|allowed|authori[sz]ed|granted"
        r"|licensed|included|covered)|prohibited|forbidden|excluded|disallowed|banned)|not permitted|not allowed"
        r"|prohibited|forbidden|excluded)"
    ),
    "ONLY": r"(?:only|solely|exclusively|strictly|purely|merely|(?<!not\s)(?:limited|restricted) (?:\w+ )?(?:to|for)|confined to)",
    "NC": r"(?:non ?-? ?commercial(?:ly)?|noncommercial(?:ly)?|not for profit|non ?profit|personal)",
    "NONCOM": r"(?:non ?-? ?commercial(?:ly)?)",
    "USE": r"(?:uses?|usage|purposes?|exploitation|applications?|deployments?|activit(?:y|ies)|ends|gain|advantage|benefit|products?|services?|settings?|contexts?|projects?|endeavou?rs?|distribution)",
    "RES": r"(?:(?:\w+ (?:and|or|&) )?(?:research|academic|scientific|educational|education|evaluation|scholarly|teaching|study))",
    "MODEL": r"(?:models?|materials?|software|works?|weights?|licensed?|data|dataset|checkpoint|product|output|outputs|it|them|thereof|sdk|derivatives?|services?)",
    "TRAIN": r"(?:train\w*|re ?train\w*|pre ?train\w*|fine ?tun\w*|distil\w*|improv\w*|develop\w*|creat\w*|build\w*|enhanc\w*|teach\w*)",
    "AIMODEL": r"(?:models?|llms?|ai|a ?i|artificial intelligence|machine learning|neural network\w*|system)",
    "OUTPUT": r"(?:outputs?|results?|generations?|generated (?:content|data|text|images?)|synthetic data|completions?|responses?)",
    "POLICY": r"(?:acceptable use polic(?:y|ies)|prohibited use polic(?:y|ies)|use polic(?:y|ies)|usage polic(?:y|ies)|\baup\b|use based restrictions?|prohibited uses|use restrictions|usage restrictions|restricted uses|content polic(?:y|ies)|responsible use guide\w*|usage guidelines|use guidelines|trustworthy ai)",
    "WE": r"(?:we|us|licensor|company|provider|publisher|owner|author|authors|\w+ (?:ai|inc|labs?|ltd))",
}  # fmt: skip

_FOREIGN = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Every pattern with such a sign in it needs one."""
_DENYING = {"no-redistribution", "no-derivatives", "no-hosting"}
_FRAGMENT = re.compile(rf"(?<![A-Z])(?:{'|'.join(FRAGMENTS)})(?![A-Z])")

OBVIOUS = (
    r"non ?-? ?commercial(?:ly)?(?: use)? (?:and|or|as well as|&|nor|and or) (?:for )?(?:limited )?commercial"
    r"|(?<!non)(?<!non.)\bcommercial(?:ly)? (?:and|or|as well as|&|nor|and or|use or) (?:for )?non"
    r"|whether (?:\w+ )?commercial|commercial, non"
)


class Rule(Struct, frozen=True):
    """One way of saying one kind of clause; `unless` takes harmless sentences out.

    `denies`: it holds only where something is denied; `foreign`: only outside Latin script.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: str
    unless: str
    value: str
    denies: bool
    foreign: bool


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in the shorthand of this module as a regular expression, made at first use."""
    for _ in range(2):  # a fragment may hold another
        pattern = _FRAGMENT.sub(lambda name: FRAGMENTS[name.group()], pattern)
    pattern = pattern.replace("...", r"\b[\s\S]{0,130}?\b").replace("..", r"\b[\s\S]{0,45}?\b")
    pattern = pattern.replace(" ?-? ?", r"\W*").replace(" ?", r"\W*").replace(" ", r"\W+")
    return re.compile(pattern)


def _denies(kind: str, pattern: str) -> bool:
    return pattern.isascii() and (kind in _DENYING or _demands_denial(pattern))


def _demands_denial(pattern: str) -> bool:
    """Whether a fragment that denies stands outside all brackets, so that none matches without."""
    depth = 0
    for n, sign in enumerate(pattern):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == "|":
            return False
        if depth == 0 and pattern.startswith(("DENY", "BANNED"), n):
            return True
    return False


def _rules() -> tuple[Rule, ...]:
    rows: list[Rule] = []
    for kind, value, anchors, unless, *patterns in (*TABLE, *WORDINGS):
        words = tuple(word.replace("_", " ") for word in anchors.split())
        for pattern in patterns:
            foreign = _FOREIGN.search(pattern) is not None
            rows.append(Rule(kind, words, pattern, unless, value, _denies(kind, pattern), foreign))
    return tuple(rows)


TABLE: tuple[tuple[str, ...], ...] = (
    ("non-commercial", "", "commercial", OBVIOUS
     + r"|commercially (?:reasonable|available)|commercial (?:item|computer)|non ?commercial distribution"
     r"|occasionally and|commercial terms|all commercial|for commercial (?:use|purposes?) solely if|involve any|threshold|personal use means|personal, private|derived from",
     r"ONLY..NONCOM\b", r"NONCOM(?: \w+){0,3} (?:only|solely|exclusively)\b",
     r"NONCOM(?: \w+){0,4} (?:licen[sc]e|public licen[sc]e|agreement)\b",
     r"\b(?:may|grant\w*|permi\w+|allow\w*|available|free\w*|used?|licen[sc]ed?|right|distribut\w*|reproduc\w*|adapt\w*)...\b(?:for|in)..NONCOM(?: \w+){0,4} USE",
     r"provided (?:that )?.{0,60}\b(?:is|are|be) NONCOM\b"),
    ("non-commercial", "", "commercial", OBVIOUS
     + r"|commercially (?:reasonable|available)|commercial (?:item|computer|name|agency)|endors|advertis|warrant|involve any|\bunless..you (?:own|have)"
     r"|(?:million|users|revenues?)\b|without charge|free of charge..for|commercial purposes? must|register|for clarity|technological measures|legal terms|(?:may|can) be (?:sold|used|distributed)..commercial|not in accordance|in violation of|threshold",
     r"DENY...\b(?:for|in|as part of|to|of) (?:any |a |your |other |direct or indirect |purposes? of |the )*(?:\w+ or )?commercial (?:\w+ (?:or|and) )?USE",
     r"DENY...\bcommercially\b", r"DENY...\b(?:make|making) (?:any )?commercial use", r"not for (?:\w+ or )?commercial\b",
     r"\bno commercial (?:\w+ )?USE", r"DENY (?:\w+ ){0,3}commerciali[sz]",
     r"\bcommercial (?:USE|re ?use)..BANNED",
     r"BANNED (?:\w+ ){0,4}commercial (?:USE)\b",
     r"\bcommercial USE..(?:requires?|needs?|is subject to|only with|must)..(?:separate|prior|written|paid|licen[sc]e|permission|agreement|consent)",
     r"commercial(?:ly)? us..(?:please contact|contact|shall request|must request|must obtain|must acquire|must purchase|obtain)..(?:licen[sc]e|permission|authori[sz]ation|us\b)",
     r"(?:other than|except|excluding|without|exclude|does not include|to the exclusion of) (?:any |for |all )*commercial USE",
     r"neither..sold nor..commercial"),
    ("non-commercial", "", "personal profit", OBVIOUS + r"|personal (?:data|information|injury|jurisdiction|property)|commercial use is|distributor|loss(?:es)? of profit|corporation",
     r"\bONLY (?:for |in |your |own |the |purposes? of |use )*(?:personal|private|non ?profit|not for profit)(?:,? (?:\w+ )?(?:and|or) \w+){0,2} (?:use|purposes?|research|organi[sz]ations?)\b",
     r"(?:for|to) (?:your |own )*(?:personal|private|non ?profit|not for profit)(?:,? (?:\w+ )?(?:and|or) \w+){0,2} (?:use|purposes?) (?:only|solely|exclusively)\b",
     r"DENY...\bfor (?:a |any )?(?:financial |monetary )?(?:profit|for profit purposes?)\b"),
    ("non-commercial", "", "kommerzi gewerblich", r"kommerziell\w*(?: \w+)? (?:oder|und|sowie|als auch|wie) (?:auch )?nicht|nicht ?-? ?kommerziell\w* (?:oder|und|sowie|als auch|wie)(?: auch)? (?:f.r )?kommerziell",
     r"nicht ?-? ?kommerziell", r"kein(?:e|erlei)? (?:\w+ )?(?:kommerziell|gewerblich)", r"nicht (?:\w+ ){0,6}(?:kommerziell|gewerblich)",
     r"(?:kommerziell|gewerblich)\w*..(?:untersagt|verboten|nicht (?:gestattet|erlaubt|zulässig)|ausgeschlossen|unzulässig)"),
    ("non-commercial", "", "commercial comercial commerciale commerciaux comerciais", r"commercial(?:e|es)? (?:ou|et|comme) non|non commercial\w* (?:ou|et) commercial|comercial(?:es)? (?:o|y|como) no|no comercial\w* (?:o|y) comercial",
     r"(?:fins?|usages?|utilisations?|buts?|cadre|licence) (?:\w+ )?(?:strictement )?non commercia", r"(?:pas|interdi\w+|sans|ni|aucun\w*|jamais)...(?:à des fins|utilisation|usage|exploitation|but) commercia",
     r"(?:utilisation|usage|exploitation) commercia\w*..(?:interdit|prohib|exclu|non autoris|n'est pas)",
     r"(?:usos?|fines|prop[oó]sitos?|licencia|exclusivamente|fins|finalidades) (?:\w+ )?(?:no|não) comercia", r"(?:no|prohib\w+|sin|nunca|ning[uú]n|não|proibid\w+)...(?:fines|usos?|prop[oó]sitos?|fins|explotaci[oó]n) comercia",
     r"(?:uso|explotaci[oó]n|utilizaci[oó]n) comercial..(?:prohib|no (?:est|se)|proibid|vietat|exclu)", r"(?:uso|scopi|fini) non commercia"),
    ("non-commercial", "", "商 商用 商业 商業 営利 상업 коммерч", r"商业(?:和|或|与|及)非商|非商业(?:和|或|与|及)商业|可(?:用于|以)商",
     r"非商[业業用]", r"(?:不得|禁止|不可|不能|不允许|严禁|不许|请勿|勿|未经)[^。；]{0,40}商[业業用](?!秘密|标|標|誉|譽|号)", r"商[业業]?(?:用途|使用|利用|目的|用)[^。；]{0,12}(?:禁止|不可|不得|不允许|被禁|できません|禁じ|除く)",
     r"非営利", r"(?:비|비-)상업", r"상업적[^.]{0,20}(?:금지|없|불가)", r"некоммерч", r"не[^.]{0,60} коммерч"),
    ("research-only", "", "research academic scien educat evaluat scholar teaching",
     r"not only|research (?:and|or|&|,) (?:\w+ )?commercial(?! (?:use )?is)|commercial (?:and|or|,) (?:\w+ )*research|commercial use..permitted|including (?:but|without)"
     r"|warrant|endors|not limited|research (?:and|or) (?:any )?(?:other|all)|designed for|informational|for illustration|patent|commercial use|ONLY for use in the united|research institut",
     r"\bONLY (?:for |in |to |your |own |the |internal |purposes? of |use |used |be |by |connection with |conducting |carrying out |personal,? |private,? |NONCOM,? |and |or )*RES\b",
     r"\bRES(?:,? (?:and|or|,|&)? ?(?:\w+ )?RES)*(?: (?:and|or) \w+)? (?:purposes?|use|usage|projects?|settings?|contexts?|activities)?..\b(?:only|solely|exclusively)\b(?! (?:if|as|when|to the extent))",
     r"\bresearch (?:use )?(?:only )?licen[sc]e\b(?! \w+ no)", r"DENY...\b(?:other than|except(?: for)?|outside(?: of)?|beyond) (?:\w+ ){0,2}RES\b",
     r"(?:made available|intended|grant\w*|licen[sc]ed) (?:\w+ ){0,5}for (?:the )?(?:purposes? of )?(?:\w+ )?research purposes\b", r"\bRES (?:use|purposes) restriction"),
    ("research-only", "", "forschung wissenschaft recherche investigaci ricerca pesquisa", r"nicht nur|non seulement|no s[oó]lo",
     r"(?:nur|ausschlie(?:ß|ss)lich|lediglich|allein|einzig)...(?:forschung|wissenschaft)", r"(?:forschung|wissenschaft)\w*..(?:vorbehalten|beschränkt)",
     r"(?:uniquement|exclusivement|seulement|seules? fins|strictement|réservée?s?|limitée?s?)...recherche", r"recherche (?:\w+ ){0,3}(?:uniquement|exclusivement|seulement)",
     r"(?:[uú]nicamente|exclusivamente|solamente|s[oó]lo|solo|limitad[oa]s?|apenas|somente|esclusivamente)...(?:investigaci|pesquisa|ricerca)", r"investigaci[oó]n (?:\w+ ){0,3}(?:[uú]nicamente|exclusivamente|solamente)"),
    ("research-only", "", "研究 学术 學術 연구 исследоват", "",
     r"(?:仅|只|僅|限于|限於|专供)[^。；]{0,16}(?:研究|学术|學術|科研)", r"(?:研究|学术|學術)(?:目的|用途|使用)?(?:のみ|に限|限定|专用)", r"연구[^.]{0,10}(?:만|한정)", r"только[^.]{0,40}исследоват"),
    ("no-production", "", "production", r"production of|reproduction and|not limited to|user testing",
     r"DENY...\b(?:in|for|into|to) (?:a |any |your |live |commercial or )*production\b", r"non ?-? ?production (?:use|environment|purposes?|licen[sc]e)", r"(?:exclud\w+|not include|without|no) (?:any )?production (?:use|deployment|environment)",
     r"production (?:use|deployment)..BANNED"),
    ("no-hosting", "", "host saas as_a_service as-a-service _api cloud managed_ time-shar timeshar time_shar bureau _service", r"warrant|cost of|provided by you as a backup|nothing|data center|support or|not require|do not host|on behalf of|\bsource code\b|does not grant permission to use|may not offer or impose|may not impose|complain",
     r"DENY...\b(?:host\w*|offer\w*|provid\w+|making|make|sell|expose|deploy\w*|operat\w+|enabl\w+|run)...\b(?:as (?:a|an|part of a|part of your)|through (?:a|an)|via (?:a|an|your|your own)?|in (?:a|an)|over (?:a|an)) ?(?:\w+ ){0,4}(?:hosted|managed|cloud|web|saas|software as a|model as a|api|apis|online|network|inference|commercial|paid|subscription|service|third party) ?(?:\w+ ){0,2}(?:services?|apis?|platform|offering|endpoints?)?\b",
     r"DENY...\bhost(?:ed|ing)?\b (?:\w+ ){0,4}(?:MODEL|services?|third)", r"DENY...\b(?:hosted|managed|cloud) (?:or (?:hosted|managed|cloud) )?(?:api )?services?\b", r"DENY...\b(?:api access|service bureau|time ?sharing|software as a service|model as a service|saas)\b",
     r"(?:hosted|managed|cloud|hosting) (?:\w+ ){0,2}(?:services?|use)..BANNED", r"\bhosting (?:\w+ ){0,6}BANNED"),
    ("no-redistribution", "", "distribut sublicen share publish transfer", r"\bunless\b|except (?:as|that|for|in|under|to)\b|provided that|if you|without (?:including|providing|giving|also|making|retaining|the)|warrant|with(?:out)? any|in (?:a |any )?(?:manner|way)|liab|as long as|original|under (?:a|the|any) (?:same|different|other|terms)|name|may not (?:be )?(?:impose|charge|restrict)|do(?:es)? not (?:require|modify|apply|limit|allow|include|affect|want|intend|cover|convey|have)|must not (?:prevent|add|impose)|separate|modified|source|legal|\bno (?:right|permission)\b.{0,60}\bto (?:use|sub)|together|copyleft|other than|alone|by itself|exceed|\bfee\b|\bonly\b|violat|harm|export|countr|territory|\bused to\b",
     r"(?:may|must|shall|can|will) not(?: \w+){0,3} (?:re ?distribut\w+|distribut\w+|publish|share)\b..(?:MODEL|copies)", r"(?:not (?:be )?(?:permitted|allowed|authori[sz]ed)|agrees? not|prohibited from|no right)(?: \w+){0,4} (?:re ?distribut\w+|distribut\w+|publish\w*|shar(?:e|ing))\b",
     r"(?:may|must|shall|can|will) not be (?:\w+ (?:or|,) )?(?:re ?distributed|distributed|shared|published)\b", r"(?:re ?distribution|distribution|sharing) (?:of (?:the )?MODEL )?BANNED", r"\bno re ?distribution\b",
     r"(?:不得|禁止|不可)[^。；]{0,10}(?:再分发|分发|传播|转发)"),
    ("no-derivatives", "", "derivativ modif adapt alter", r"\bunless\b|except|provided that|if you|without (?:including|providing|the|prior notice)|warrant|notices?\b|legend|marks?|trademark|name|no derivative of|recipients|this agreement|the agreement|this licen[sc]e|the licen[sc]e|licen[sc]e (?:text|document|agreement)|terms|\bcopyright\b|representations|patent|do(?:es)? not (?:modify|grant|apply|require|include|limit|affect|intend)|agreement may|liab|shall not include|not considered|documentation|\bonly\b|separable|are not derivative|not (?:be )?(?:a )?derivative|remain|deem|constitute|invariant|violat|harm|outside|military|illegal|infring|constru|disabl|circumvent|in (?:a|any) (?:way|manner)|functionality|provisions?",
     r"(?:may|must|shall|can) not(?: \w+){0,3} (?:modify|alter|adapt|change|(?:create|make|prepare|produce|distribute|share|publish)(?: \w+){0,2} (?:derivatives?|derivative works|adapted|adaptations))\b", r"\bno derivatives?\b(?: (?:works?|licen[sc]e|allowed|may|are)|\W)",
     r"(?:not (?:be )?(?:permitted|allowed|authori[sz]ed)|agrees? not|prohibited from)(?: \w+){0,3} (?:modify|alter|adapt|creat\w+ derivative)", r"(?:derivatives?(?: works)?|modifications?|fine ?tuning) BANNED", r"attribution(?: non ?commercial)? no ?derivatives"),
    ("no-competing", "", "compet rival", r"court|jurisdiction|compet(?:ent|ence)|anti ?compet|unfair competition|law|competition(?:s)? (?:that|provided)|compete with (?:the )?terms|discussion|product pricing|ex post facto",
     r"DENY...\bcompet(?:e|es|ing|itive|itors?)\b", r"compet(?:e|es|ing|itive)...\b(?:must|shall)..(?:request|obtain|licen[sc]e)", r"(?:other than|except|excluding|exclude\w*)..\bcompeting\b", r"\bcompet(?:e|es|ing|itive|itors?)\b..BANNED", r"DENY...\brival\b"),
    ("field-of-use", "", "only solely exclusively military medical hardware", r"warrant|liab|court|jurisdiction|\bfee\b|copies|if you|notice|provided|permitted (?:only|solely)|necessary",
     r"(?:may|must|shall|can|grant\w*|licen[sc]ed?|rights?)...\b(?:only|solely|exclusively) (?:be )?(?:used? |run |deployed |executed )?(?:on|with|for use (?:on|with|in)|in (?:connection|conjunction|combination) with|in (?:order )?to (?:train|evaluate)) (?:\w+ ){0,5}(?:hardware|processors?|gpus?|devices?|platforms?|chips|products?|systems?|services?|accelerators?|robots?|vehicles?|models?)\b",
     r"\b(?:only|solely|exclusively) (?:\w+ ){0,3}(?:for|in) (?:the )?(?:purposes? of )?(?:\w+ )?(?:healthcare|medical|agricultur\w+|automotive|government|public sector|gaming|humanitarian|defen[cs]e|journalism|charit\w+|training of|the field of|the domain of)\b"),
    ("field-of-use", "", "medical clinical military administrative surveillance weapon nuclear", r"warrant|liab|disclaim|designed|intended for|acknowledge",
     r"^.{0,20}DENY (?:be )?(?:use\w*|deploy\w*|appl\w+)(?: \w+){0,6} (?:for|in|by) (?:any |a |the |purposes? of )*(?:\w+ (?:or|and) )?(?:military|medical|clinical|surveillance|weapons?|nuclear|administrative|law enforcement)\b",
     r"non ?-? ?administrative (?:use|purpose)"),
    ("output-ownership", "unclaimed", "output result generat content", "",
     r"(?:claims? no|not claim(?: any)?|disclaims?(?: all| any)?|no claim to|asserts? no|waives?)..(?:rights?|ownership|title|copyright|interest)..OUTPUT\b", r"does not impose any restrictions?...outputs?"),
    ("output-ownership", "user", "output generat", r"not own|licensor owns|we own|notice",
     r"\byou(?:r users)? (?:\w+ ){0,2}(?:own|retain|keep|hold|are the (?:sole )?owner)\b..OUTPUT\b", r"\bOUTPUT\b..(?:belongs?|owned|yours|property)(?: \w+){0,3}(?: to| by| of)? (?:you|the user|licensee|your)\b", r"\bassigns? to you...OUTPUT"),
    ("output-ownership", "publisher", "output generat", r"claims? no|not claim|do(?:es)? not own",
     r"\bOUTPUT\b...(?:exclusive |sole )?(?:property of|owned by|belongs? to|vests? in|ownership of) (?:the )?WE\b", r"\bWE (?:shall )?(?:owns?|retains?)..(?:rights?|title|ownership)?..\boutputs?\b"),
    ("output-training", "forbidden", "train improve distil fine-tun fine_tun machine_learning language_model", r"warrant|liab|not obligat|data is not|no obligation|licen[sc]e to (?:any|data)|to improve (?:the )?(?:software|program|our|documentation)|personal data|unless (?:you|the resulting)|does not apply|circumvent|exploit or harm|include any datasets",
     r"DENY...\b(?:OUTPUT|MODEL)\b...\b(?:to|for|in|of) (?:\w+ ){0,3}TRAIN\b...\bAIMODEL\b", r"DENY...\b(?:to|for|in) (?:the )?(?:purposes? of )?(?:\w+ )?(?:train\w*|distil\w*|fine ?tun\w*|pre ?train\w*)\b", r"DENY...\b(?:training|building|creating|developing) (?:\w+ ){0,3}(?:machine learning|ai|artificial intelligence|language) (?:\w+ )?(?:models?|systems?)\b",
     r"DENY (?:\w+ ){0,4}(?:train|distil\w*|fine ?tune)\b...\b(?:OUTPUT|MODEL)\b", r"\btraining..(?:\bon\b|with|from|using)..OUTPUT..BANNED", r"\b(?:OUTPUT|MODEL)\b..DENY be used..\b(?:train\w*|improv\w*|distil\w*|fine ?tun\w*)\b"),
    ("output-training", "conditional", "train improv distil", r"(?:may|must|can|shall|will) not use|do not|patent",
     r"\bif you(?: \w+){0,3} use...\bOUTPUT\b...\bTRAIN\b...\b(?:shall|must)\b", r"synthetic data...\bcommercial (?:use|purpose)", r"OUTPUT..(?:may|can) be used to TRAIN\b...\b(?:provided|if|only)"),
    ("derivative-by-output", "", "synthetic distil transfer_of_pattern trained_on trained_with trained_using", "",
     r"(?:derivatives?|derivative (?:works?|models?)|modifications?)\b[\s\S]{0,900}?\b(?:transfer of patterns|synthetic data|distill\w*)[\s\S]{0,300}?\b(?:perform similarly|training (?:the|that|the other|another) (?:other )?model|synthetic data|outputs?)\b",
     r"models? (?:\w+ )?trained (?:on|with|from|using)..OUTPUT..(?:is|are|shall be|constitutes?|counts?)..derivative"),
    ("pass-on", "", "enforceable restriction recipient downstream", r"source code|gnu|copyleft|patent",
     r"(?:restrictions|policy|provisions)...\b(?:as|be) (?:an )?enforceable (?:provision|term|condition)s?", r"(?:must|shall|agree to)...(?:bind|impose on|require|ensure)..(?:recipients?|third part\w+|users|downstream)...(?:same|these|those)? ?(?:restrictions|use polic\w+|limitations|policy)\b",
     r"(?:same|such|these|the) (?:use(?: based)? )?restrictions..(?:apply to|passed|pass on|flow down|imposed on)..(?:recipients?|downstream|derivative\w*|anyone|third)?", r"pass(?:ed)? (?:\w+ ){0,3}(?:on|along) (?:\w+ ){0,3}restrictions|pass (?:the )?(?:same )?(?:use )?restrictions..(?:on|along)"),
    ("moving-policy", "", "polic aup guidelines", r"trade ?mark|creative commons|privacy|gnu|free software foundation|patent",
     r"(?:latest|most recent|most current|then current|current|newest|up to date) (?:version|copy|edition|revision)...(?:POLICY|polic|guidelines)", r"(?:POLICY|policy|guidelines)...(?:(?:updated|amended|modified|revised|changed|supplemented)..(?:from time to time|at any time|periodically|occasionally)|as (?:may be )?(?:updated|amended|modified|revised)|from time to time|latest version)",
     r"(?:may|right to|reserves?) (?:\w+ ){0,3}(?:update|amend|modify|revise|change)..(?:POLICY|polic(?:y|ies)|guidelines)"),
    ("use-policy", "", "polic aup use-based use_based use_restriction prohibited_use restricted_use usage_restriction guidelines agree_not not_to_use", r"trade ?mark|marks|privacy|return polic|no polic|additional restrictions|further restrictions",
     r"\bPOLICY\b", r"(?:agree|shall|must|may|will|cannot|can) not (?:to )?(?:\w+ ){0,3}use (?:\w+ ){0,9}(?:for|to|in) (?:the|any|a)? ?(?:following|specified restricted|purposes? listed|restricted|illegal or harmful)"),
    ("remote-restriction", "", "remote electronic_means disable reasonable_effort from_afar", r"warrant|telecommunic",
     r"(?:restrict|disable|limit|suspend|terminate|deactivate) ?(?:\w+ ){0,3}(?:remotely|from afar)", r"remotely (?:\w+ ){0,3}(?:restrict|disable|limit|update|suspend|deactivate)", r"update the MODEL (?:through|by) electronic means", r"(?:make|use) (?:\w+ )?reasonable efforts to use the (?:latest|most recent) version"),
    ("registration", "", "regist questionnaire _form 登记", r"no need|need not|not (?:need|have|required|necessary)|trademark|registered (?:office|address|mark|under|in (?:england|the))|copyright registr|patent|court|commercial register",
     r"(?:must|shall|need to|required to|have to|should)..\bregister\b", r"registration (?:\w+ ){0,4}(?:is )?(?:required|mandatory|necessary)", r"(?:must|shall|need to|required to|have to) (?:\w+ ){0,3}(?:complete|fill (?:in|out)|submit) (?:\w+ ){0,4}(?:form|application|questionnaire)\b", r"(?:after|upon|subject to|without) (?:prior )?registration with", r"(?:需|须|必须|应)[^。；]{0,30}登记", r"(?:muss|müssen)..registrieren"),
    ("revocation", "at-will", "revo terminat withdraw discontinu cancel", r"irrevoc|no\w* (?:\w+ ){0,2}revok|not (?:be )?revo|you may (?:\w+ )?(?:terminate|cancel)|warrant|by (?:you|licensee) at any|licensee may terminate|does not (?:terminate|revoke)|different licen[sc]e terms|stop distributing|separate terms|recipient|at any time if|in breach of|customer may",
     r"\brevocable\b", r"(?:may|right to|can|reserves?) (?:\w+ ){0,6}(?:revoke|terminate|withdraw|cancel|discontinue)\b...(?:at any time|for any reason|without (?:cause|reason|notice)|sole discretion|with or without|at will|convenience)", r"(?:at any time|for any reason|sole discretion)...(?:revoke|terminate|withdraw|cancel) (?:\w+ ){0,4}(?:licen[sc]e|agreement|rights?|access|permission)", r"(?:licen[sc]e|agreement|rights?|permission)..(?:may|can) be (?:revoked|withdrawn|terminated|cancell?ed)..(?:at any time|any reason|without)"),
    ("patent-grant", "", "patent", r"no (?:\w+ ){0,3}patent|not (?:\w+ ){0,3}(?:grant|licen[sc]e) (?:\w+ ){0,4}patent|notwithstanding",
     r"grants?...\bpatents?\b.. ?licen[sc]e", r"licen[sc]e..under..patent", r"patents? licen[sc]e to (?:make|use)", r"(?:copyright|rights)..and patent..licen[sc]e", r"(?:rights|restriction)..under (?:\w+ ){0,3}patent", r"otherwise infring\w+..patents?", r"patents? claims?..can licen", r"grants?...under (?:\w+ ){0,4}patent"),
    ("patent-retaliation", "", "litigation infring lawsuit sue proceedings patent", r"arbitra",
     r"\b(?:institut\w+|initiat\w+|fil(?:e|es|ed|ing)|bring\w*|commenc\w+|assert\w*|mak(?:e|es|ing)|sues?)\b[\s\S]{0,90}?\b(?:litigation|proceedings?|claims?|lawsuits?|suits?|action|anyone|us|licensor)\b[\s\S]{0,420}?\b(?:infring\w+|patents?)\b[\s\S]{0,330}?\b(?:terminat\w+|ends?|ceases?|lapses?|revoked)\b", r"(?:terminat\w+|revoke\w*|ends?)...\b(?:if|upon|when)...(?:institut\w+|initiat\w+|fil\w+|bring\w*|commenc\w+|assert\w*|sue)...(?:patent|infring\w+)"),
)  # fmt: skip

NEGATIVE = re.compile(
    r"\bno[tr]?\b|can'?not|n't\b|prohibit|forbid|exclu|never|disallow|refrain|banned|barred"
)
"""One of these words stands in every sentence that denies something in English."""

RULES = _rules()
