# ruff: noqa: E501  (a pattern is easier to read on one line)
"""What words mean beside what they were drawn for: trade, a private wish, medicine, a look from above."""

import re

BUSINESS = re.compile(
    r"(?<!keep me )(?<!keep him )(?<!keep her )(?<!keep us )\b(company(?! (?:in writing|with talk|at night|through))|business(?! cards?)|(web ?|online[ -]?|e-)?shop|webshop|store|startup|start-up|firm|agency|restaurant|enterprise"
    r"|customers?|clients?|clientele|bakery|butcher's|salon|hotel|hostel|cafe|café|brewery|supermarket|pharmacy|bookshop|factory"
    r"|dealership|dealer|retailer|wholesaler|insurer|(?:our|my|the) bank|publishing house|consultancy|manufacturer|e-commerce"
    r"|law office|tax office|saas|indie (?:game |film )?(?:studio|developer)|freelancer?|freelancing|(dental|dentist's|doctor's|medical|vet|vet's|veterinary|law|legal|therapy|physio\w*) practice"
    r"|(game|games|design|photo|film|tattoo|yoga|recording|architecture|animation|dubbing|fitness) studio"
    r"|\w*firma|unternehmen|\w*betrieb|laden|\w+(?:buch|hof|blumen|bio|spiel\w*|mode|eis)laden|geschäft|\w*kanzlei|\w*agentur|steuerbüro|kunde\w*|kundinnen"
    r"|(?:stamm|neu|firmen|geschäfts)kund\w+|\w*bäckerei|metzgerei|gärtnerei|\w*schreinerei|tischlerei|friseur\w*|autohaus|autowerkstatt|kfz-werkstatt"
    r"|\w*brauerei|apotheke|\w*verlag|fabrik|\w*händler|\w*makler|onlineshop|gasthof|gasthaus|freiberufl\w*|selbstständig\w*|mittelständler"
    r"|(?:arzt|zahnarzt|tierarzt|physio|therapie|haut|haus|kinder)\w*praxis"
    r"|(?:estudio|estudios) de (?:yoga|diseño|juegos|tatuajes|cine)|un cabinet|entreprise|société|boutique|magasin|boîte|commerce|agence|cabinet (?:d'|dentaire|médical|vétérinaire|comptable|juridique|de conseil)\w*|clientèle"
    r"|clientes?|boulangerie|boucherie|salon de coiffure|hôtel|concessionnaire|pharmacie|usine|brasserie|maison d'édition|librairie|épicerie|pme|tpe"
    r"|auto-entrepreneu\w+|traiteur|fleuriste|imprimerie"
    r"|empresa|negocio|tienda|restaurante|agencia|despacho|panadería|carnicería|peluquería|concesionario|clínica (?:dental|veterinaria)|gestoría|bufete|farmacia"
    r"|fábrica|cervecería|librería|floristería|cafetería|inmobiliaria|pyme|autónom[oa]|clientela|compañía|aseguradora|imprenta"
    r"|(?:our|my) (?:\w+ )?(?:companies|businesses|shops|stores|restaurants|hotels|branches|employer|boss|sales team|accountant|winery|practice|law firm|buyers|guests)"
    r"|paying (?:users|customers|members|guests|readers)|self-employed|sole trader|side business|(?:i|we) (?:charge|sell)|to sell|for sale|etsy|merchandise|b2b|monetiz\w*|turnover|investors|shareholders|start-?ups"
    r"|(?:wir|ich) verkaufen?|zahlende \w+|mandant\w*|auftraggeber|(?:unsere|meine) (?:praxis|werkstatt)|kundschaft|nebenberuflich|gewerb\w+|investoren|filiale\w*|weingut|gmbh|startups|onlinehandel"
    r"|(?:je|on) vends?|nous vendons|chiffre d'affaires|(?:mon|notre) cabinet|patientèle|sarl|artisans?|à mon compte|freelance|gîte|vignoble|franchise"
    r"|vend(?:o|emos)|facturamos|cobr(?:o|amos)|(?:mi|nuestra) consulta|bodega|por cuenta propia|sucursal\w*|inversores|hostal|casa rural|emprendimiento)\b", re.I)  # fmt: skip
"""Who has these works commercially, whether or not they say so."""
PRIVATE = re.compile(
    r"\b(not?|nicht|kein\w*|pas|sin|won't|don't|nichts|rien|nada|never|nobody)\b.*(commer|kommerz|comerc|sell|verkauf|vend)"
    r"|(?:earn|make) (?:any |no )?money|no profit|\bfun\b|privat\w* (?:use|project|person\w*)|purely private|(?:it's|is) private|for me privately"
    r"|privat(?:e[rn]?)? (?:zweck|nutz|gebrauch|projekt)|nur privat|rein privat|personal use|hobb|spaß|usage privé|uso privado|nur für mich|plaisir|diversión", re.I)  # fmt: skip
FROM_ABOVE = re.compile(
    r"satel|satél|\bdrones?\b|drohne|\bdron(?:es)?\b|luftbild|luftaufnahm|aerial|aérien|aére|earth observation|from orbit|remote sensing|orthophoto|orthofoto|ortofoto|from the air|aus der luft|vues? du ciel|vistas? desde el aire|télédétection|fernerkundung|teledetección|landsat|sentinel-",
    re.I,
)
MEDICAL = re.compile(
    r"\b(medic|médic|médec|medizin|clinical|clinic note|klinisch|cliniqu|clínic|patient|pacient|hospital record|discharge|doctor'?s'? letter|arztbrief|arztbericht"
    r"|befund|x-rays?\b|röntgen|radiograph|radiograf|radiolog|ct[ -]|mri\b|mrt\b|irm\b|scanner (?:médical|thorac)|resonancia|tomograf|ultrasound|ultraschall|échograph|ecograf"
    r"|tumou?r|tumeur|krebs|cancer|cáncer|lesion|lésion|organs?\b|organe|órgano|lungs?\b|lunge|poumon|pulm|diagnos|diagnós|symptom|síntoma|symptôm|surgeon|biops|patholog|anamnes)",
    re.I,
)
