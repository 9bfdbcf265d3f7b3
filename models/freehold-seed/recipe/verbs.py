# ruff: noqa: E501  (a table is easier to read so)
"""Bends the verb of a phrase, roughly as people do: transcribe, transcribing, transcribes."""

import re

DOUBLED = {
    "cut",
    "get",
    "put",
    "run",
    "split",
    "spot",
    "tag",
    "chat",
    "swap",
    "plan",
    "transcript",
    "clip",
    "scan",
}
IRREGULAR = {"do": "does", "have": "has", "go": "goes", "be": "is", "can": "can"}
FRENCH = {
    "faire": "fait", "répondre": "répond", "mettre": "met", "comprendre": "comprend", "convertir": "convertit",
    "avoir": "a", "prévoir": "prévoit", "prédire": "prédit", "reconnaître": "reconnaît", "de": "de", "résoudre": "résout",
    "rendre": "rend", "entendre": "entend", "suivre": "suit", "peindre": "peint", "sortir": "sort", "prendre": "prend",
    "apprendre": "apprend", "savoir": "sait", "obtenir": "obtient", "recevoir": "reçoit", "découvrir": "découvre",
    "ouvrir": "ouvre", "enlever": "enlève", "appeler": "appelle", "étiqueter": "étiquette", "tenir": "tient",
    "redonner": "redonne", "détecter": "détecte", "transcrire": "transcrit", "coucher": "couche",
}  # fmt: skip
SPANISH = {"hacer": "hace", "poner": "pone", "reconocer": "reconoce", "entender": "entiende", "resolver": "resuelve",
           "convertir": "convierte", "tener": "tiene", "predecir": "predice", "prever": "prevé",
           "encontrar": "encuentra", "contar": "cuenta", "probar": "prueba", "comprobar": "comprueba", "mostrar": "muestra",
           "demostrar": "demuestra", "decir": "dice", "oír": "oye", "corregir": "corrige", "seguir": "sigue", "medir": "mide", "verter": "vierte",
           "mover": "mueve", "volver": "vuelve", "devolver": "devuelve", "atender": "atiende", "construir": "construye",
           "reconstruir": "reconstruye", "ampliar": "amplía", "envejecer": "envejece", "sonar": "suena", "pedir": "pide"}  # fmt: skip
VOWEL = "\ue000?(?i:[aeiouàâéèêëîïôœ]|h(?:éb|ist|ôp|omm|oro|ume|eur|abit|aïti))"
"""What an elision stands before, also as the start of a quoted name."""
ARTICLES = {
    ("de", "des"): "de ",
    ("de", "les"): "des ",
    ("à", "des"): "à des ",
    ("à", "les"): "aux ",
}
ELIDED = {"du": "de l'", "au": "à l'"}
GERMAN = {"lesen": "liest", "einlesen": "einliest", "vorlesen": "vorliest", "sprechen": "spricht", "haben": "hat",
          "auslesen": "ausliest", "erstellen": "erstellt", "übersetzen": "übersetzt", "lassen": "lässt",
          "geben": "gibt", "sehen": "sieht", "ansehen": "ansieht", "helfen": "hilft", "treffen": "trifft", "nehmen": "nimmt",
          "erkennen": "erkennt", "finden": "findet", "halten": "hält", "raten": "rät", "werden": "wird", "wissen": "weiß"}  # fmt: skip
APART = re.compile(
    r"(herunter|zusammen|heraus|hinein|hinzu|vorher|zurück|herein|weiter|nach|fest|frei|auf|aus|bei|ein|mit|vor|weg|los|ab|an|zu)"
    r"(?!tworten|alysieren|imieren|notieren|onymisieren|onnieren|igen$)\w{4,}$"
)
"""German verbs that part before "zu"; not those that only begin like them."""


def doing(phrase: str) -> str:
    """The phrase with its first verb in the -ing form (English)."""
    verb, space, rest = phrase.strip().partition(" ")
    if verb in DOUBLED:
        verb += verb[-1]
    elif verb.endswith("ie"):
        verb = verb[:-2] + "y"
    elif verb.endswith("e") and not verb.endswith("ee"):
        verb = verb[:-1]
    return f"{verb}ing{space}{rest}"


def does(phrase: str, language: str) -> str:
    """The phrase with its verb in the third person."""
    if language == "de":
        head, space, verb = phrase.strip().rpartition(" ")
        return f"{head}{space}{GERMAN.get(verb) or _german(verb)}"
    verb, space, rest = phrase.strip().partition(" ")
    bent = {"en": _english, "fr": _french, "es": _spanish}[language](verb)
    return f"{bent}{space}{rest}"


def _english(verb: str) -> str:
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2:-1] not in "aeou" else verb + "s"


def _german(verb: str) -> str:
    stem = verb[:-2] if verb.endswith("en") else verb[:-1]
    return stem + ("et" if stem.endswith(("d", "t")) else "t")


def with_zu(phrase: str) -> str:
    """The German phrase with "zu" before its last verb, or inside of it: abzuschreiben."""
    head, space, verb = phrase.strip().rpartition(" ")
    apart = APART.match(verb)
    put = f"{apart[1]}zu{verb[len(apart[1]) :]}" if apart else f"zu {verb}"
    return f"{head}{space}{put}"


def elided(text: str) -> str:
    """French words run together where a vowel follows: de écrire, d'écrire; du anglais, de l'anglais."""
    text = re.sub(r"\b(de|à) (des|les) (?!\w+(?:er|ir|re)\b)", lambda m: ARTICLES[m[1], m[2]], text)
    text = re.sub(rf"\b(du|au) (?={VOWEL})", lambda m: ELIDED[m[1]], text)
    return re.sub(rf"\b(de|le|que|je|ne|se) (?={VOWEL})", lambda m: m[1][:-1] + "'", text)


def _french(verb: str) -> str:
    if verb in FRENCH:
        return FRENCH[verb]
    if verb.endswith("yer"):
        return verb[:-3] + "ie"
    verb = re.sub(r"é(?=[bcdfglmnprstv]er$)", "è", verb)
    if verb.endswith("ire"):
        return verb[:-2] + "t"
    return verb[:-1] if verb.endswith("er") else verb[:-1] + "t" if verb.endswith("ir") else verb


def _spanish(verb: str) -> str:
    if verb in SPANISH:
        return SPANISH[verb]
    return (
        verb[:-2] + ("a" if verb.endswith("ar") else "e")
        if verb.endswith(("ar", "er", "ir"))
        else verb
    )
