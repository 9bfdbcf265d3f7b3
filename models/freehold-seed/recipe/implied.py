# ruff: noqa: E501  (a pattern is easier to read on one line)
"""What words mean beside what they were drawn for: trade, a private wish, medicine, a look from above."""

import re

BUSINESS = re.compile(
    r"\b(company|business|(web ?|online[ -]?|e-)?shop|webshop|store|startup|start-up|firm|agency|restaurant|enterprise"
    r"|customers?|clients?|clientele|bakery|butcher's|salon|hotel|hostel|cafe|café|brewery|supermarket|pharmacy|bookshop|factory"
    r"|dealership|dealer|retailer|wholesaler|insurer|bank|publisher|publishing house|consultancy|manufacturer|e-commerce"
    r"|law office|tax office|freelancer?|freelancing|(dental|dentist's|doctor's|medical|vet|vet's|veterinary|law|legal|therapy|physio\w*) practice"
    r"|(game|games|design|photo|film|tattoo|yoga|recording|architecture|animation|dubbing|fitness) studio"
    r"|\w*firma|unternehmen|\w*betrieb|laden|\w+(?:buch|hof|blumen|bio|spiel\w*|mode|eis)laden|geschäft|\w*kanzlei|\w*agentur|steuerbüro|kunde\w*|kundinnen"
    r"|(?:stamm|neu|firmen|geschäfts)kund\w+|\w*bäckerei|metzgerei|gärtnerei|\w*schreinerei|tischlerei|friseur\w*|autohaus|autowerkstatt|kfz-werkstatt"
    r"|\w*brauerei|apotheke|\w*verlag|fabrik|\w*händler|\w*makler|onlineshop|gasthof|gasthaus|kiosk|freiberufl\w*|selbstständig\w*|handwerker|mittelständler"
    r"|(?:arzt|zahnarzt|tierarzt|physio|therapie|haut|haus|kinder)\w*praxis"
    r"|entreprise|société|boutique|magasin|boîte|commerce|agence|cabinet (?:d'|dentaire|médical|vétérinaire|comptable|juridique|de conseil)\w*|clientèle"
    r"|clientes?|boulangerie|boucherie|salon de coiffure|hôtel|concessionnaire|pharmacie|usine|brasserie|maison d'édition|librairie|épicerie|pme|tpe|indépendante?"
    r"|auto-entrepreneu\w+|traiteur|fleuriste|imprimerie"
    r"|empresa|negocio|tienda|restaurante|agencia|despacho|panadería|carnicería|peluquería|concesionario|clínica (?:dental|veterinaria)|gestoría|bufete|farmacia"
    r"|fábrica|editorial|cervecería|librería|floristería|cafetería|inmobiliaria|pyme|autónom[oa]|clientela|compañía|comercio|aseguradora|imprenta)\b", re.I)  # fmt: skip
"""Who has these works commercially, whether or not they say so."""
PRIVATE = re.compile(
    r"\b(not?|nicht|kein\w*|pas|sin|won't|don't|nichts|rien|nada|never|nobody)\b.*(commer|kommerz|comerc|sell|verkauf|vend|money|profit)"
    r"|\bfun\b|privat|personal use|hobb|spaß|usage privé|uso privado|nur für mich|plaisir|diversión|non-?profit", re.I)  # fmt: skip
FROM_ABOVE = re.compile(
    r"satel|satél|luftbild|luftaufnahm|aerial|aérien|aére|earth observation|from orbit|remote sensing|télédétection|fernerkundung|teledetección|landsat|sentinel-",
    re.I,
)
MEDICAL = re.compile(
    r"\b(medic|médic|médec|medizin|clinical|clinic note|klinisch|cliniqu|clínic|patient|pacient|hospital record|discharge|doctor'?s'? letter|arztbrief|arztbericht"
    r"|befund|x-rays?\b|röntgen|radiograph|radiograf|radiolog|ct[ -]|mri\b|mrt\b|irm\b|scanner (?:médical|thorac)|resonancia|tomograf|ultrasound|ultraschall|échograph|ecograf"
    r"|tumou?r|tumeur|krebs|cancer|cáncer|lesion|lésion|organs?\b|organe|órgano|lungs?\b|lunge|poumon|pulm|diagnos|diagnós|symptom|síntoma|symptôm|surgeon|biops|patholog|anamnes)",
    re.I,
)
