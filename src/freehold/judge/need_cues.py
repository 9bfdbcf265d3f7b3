# ruff: noqa: E501  (a pattern is easier to read on one line)
"""The words by which the plain parser tells what a need says, in English, German, French, Spanish.

Texts are compared in small letters without accents. Of several tasks the first in the list counts.
"""

import re

_DOCUMENTS = r"(?:scan\w*|receipts?|invoices?|handwrit\w*|rechnung\w*|belege?\w*|quittung\w*|handschrift\w*|factur\w*|recus?|recibos?|manuscri\w*|escanead\w*|formular\w*|old letters)"
_PICTURES = r"(?:images?|imagen\w*|pictures?|photos?|fotos?|bild\w*|photographs?|portraits?|screenshots?|drawings?|zeichnung\w*|dessins?|dibujos?|charts?|diagram\w*|schema\w*|x-rays?)"
_VIDEOS = r"(?:videos?|films?|filme?|footage|clips?|peliculas?|movies?)"
_SPEECH = r"(?:calls?|meetings?|interviews?|podcasts?|recordings?|lectures?|speech|voice notes?|anruf\w*|gesprach\w*|besprechung\w*|vorlesung\w*|appels?|reunion\w*|entretiens?|llamadas?|reuniones|entrevistas?|grabacion\w*|enregistrements?|conferenc\w*|audio\w*|telefonat\w*)"

TASKS = {
    "cut-out": r"freistell\w*|detour\w*|recort\w*|\bcut\w*[^.]{0,25} out\b|\bcut[- ]outs?\b|\bmasks?\b|masken?|segment anything|masque\w*|mascaras?|enmascar\w*",
    "segment": r"segment\w*|each pixel|every pixel|jedem pixel|chaque pixel|cada pixel",
    "depth": r"\bdepth\b|tiefen\w*|profond\w*|profundidad\w*|how far",
    "forecast": r"forecast\w*|time[- ]?series|zeitreihe\w*|prognos\w*|vorhersag\w*|previ(?:r|sion\w*|ssion\w*)|prever|prevoir|pred(?:ecir|i(?:r|re|ct\w*|ccion\w*))|pronostic\w*|series temporales|series temporelles",
    "rerank": r"re-?rank\w*|cross[- ]?encoder|reordon\w*|reorden\w*|reclass\w*|umsortier\w*|suchergebnis\w*|search results|site search|resultats de recherche|resultados de busqueda",
    "moderate": r"moder(?:at|ier|er|ar|acion)\w*|moderation|guard ?rails?|guard model|jail ?breaks?|hate ?speech|hassrede|toxic\w*|toxique\w*|haineu\w*|insult\w*|beleidigung\w*|content filter|inhaltsfilter|odio|ofensiv\w*",
    "pages": r"(?:visual|page images?|slides?|folien|diapositiv\w*)[^.]{{0,30}}(?:retriev\w*|search\w*|such\w*|recherch\w*|busc\w*)|(?:search|retriev\w*)[^.]{{0,40}}(?:page images|slide decks|slides)",
    "match-images": r"zero[- ]shot|\bclip (?:model|style)|modele clip|modelo clip|images? (?:by|with) (?:text|words)",
    "classify-images": rf"(?:classif\w*|klassif\w*|identif\w*|recogniz\w*|clasific\w*|erkenn\w*)[^.]{{0,25}}(?:{_PICTURES}|birds|plants|vogel|pflanzen|plantes|plantas)|image classif\w*|bildklassifik\w*",
    "embed-images": rf"(?:embed\w*|similar|ahnlich\w*|semblables?|parecid\w*|vector\w*)[^.]{{0,20}}{_PICTURES}|image (?:embedding|encoder|similarity)\w*",
    "shape": r"\b3-?d\b",
    "detect": r"\bdetect\w*|object detection|objekterkennung|\bcount\w*|zahlen|compter|contar|bounding box\w*|objektdetektor|detectar|repere\w*",
    "animate": rf"\banimat\w*|animier\w*|\banime\w*|\banimar\w*|image[- ]to[- ]video|(?:{_PICTURES}) (?:into|to|in|en|vers) (?:a )?{_VIDEOS}|{_VIDEOS} (?:aus|from|a partir de|de) (?:einem |a |une? |una )?{_PICTURES}",
    "watch": rf"(?:understand|watch|describe|summari[sz]e|analy[sz]e|questions? (?:about|on)|verstehen|beschreib\w*|comprendre|resum\w*|entend\w*|analiz\w*|describ\w*)[^.]{{0,25}}{_VIDEOS}|video (?:understanding|analysis|language)|videoanalyse",
    "ocr": rf"\bocr\b|texterkennung|digitali[sz]\w*|(?:read|lesen|lire|leer|einlesen|extract\w*|extrai\w*|reconnaitre)[^.]{{0,35}}{_DOCUMENTS}|{_DOCUMENTS}[^.]{{0,25}}(?:lesen|einlesen|text)|text (?:from|in|aus) {_PICTURES}",
    "caption": rf"caption\w* (?:for |my |the |of )*{_PICTURES}|{_PICTURES} caption\w*|alt[- ]?texts?|bildbeschreib\w*|bildunterschrift\w*|legend\w*|describe\w* {_PICTURES}|pies de foto|describir {_PICTURES}|decrire[^.]{{0,12}}{_PICTURES}",
    "transcribe": rf"transcri\w*|transkri\w*|subtit\w*|sous-titr\w*|untertit\w*|speech[- ]?(?:to[- ]?text|recogn\w*)|\basr\b|\bstt\b|spracherkennung|reconnaissance vocale|reconnaissance de la parole|reconocimiento de voz|dictat\w*|diktier\w*|dictee|dictado|mitschreib\w*|verschriftlich\w*|voice recognition|live captions|closed captions|captions for|{_SPEECH} (?:to|into|in|en|a) (?:text\w*|texte)|pasar a texto|voz a texto|written down|spoken (?:commands|words)|speech recognizer",
    "speak": r"text[- ]?to[- ]?speech|\btts\b|speech synth\w*|voice ?overs?|audio ?books?|horbuch\w*|narrat\w*|vorles(?:en|er|estimme)\b|sprachausgabe|sprachsynthese|synthese vocale|sintesis de voz|read\w*[^.]{0,30} (?:aloud|out loud)|a (?:haute voix|voix haute)|en voz alta|clon\w*[^.]{0,12}(?:voice|voix|voz)|voice cloning|voice generator|livres? audio|audiolibros?|stimme klonen|\bvoz (?:sintetica|natural)|synthesi[sz]er",
    "sounds": r"sound ?effects?|gerausch\w* (?:erzeug|mach|gener)\w*|soundeffekt\w*|bruitages?|effets sonores|efectos (?:de sonido|sonoros)|\bfoley\b|\bsfx\b",
    "music": r"\bmusi[ckq]\w*|\bsongs?\b|melod\w*|\blied(?:er)?\b|chansons?|cancion\w*|soundtracks?|jingles?",
    "audio": r"denois\w*|noise (?:removal|reduction)|(?:remove|reduce)[^.]{0,15}(?:noise|hum|hiss)|rauschen|entrausch\w*|debruit\w*|(?:separat\w*|isolat\w*|trenn\w*)[^.]{0,20}(?:vocals?|voices?|stems?|stimme\w*|gesang)|separar la voz|quitar (?:el )?ruido|stem splitter|voice chang\w*|speech enhancement",
    "listen": r"audio (?:understanding|language model|question)|understand\w*[^.]{0,12}(?:sounds|audio)|gerausche verstehen|comprendre des sons|entend\w* sonidos|machine noise",
    "omni": r"\bomni\w*|any[- ]to[- ]any|all modalities|tout-en-un",
    "edit": rf"(?:edit\w*|retouch\w*|retuschier\w*|bearbeit\w*|coloriz\w*|kolorier\w*|coloris\w*|restor\w*|restaur\w*|modif\w*|upscal\w*|inpaint\w*)[^.]{{0,25}}{_PICTURES}|{_PICTURES}[^.]{{0,15}}(?:edit\w*|bearbeit\w*|retusch\w*)|bildbearbeitung|(?:background|hintergrund|arriere-plan|fondo)\b|image[- ]to[- ]image|retouche",
    "film": rf"(?:generat\w*|mak\w*|creat\w*|produc\w*|erzeug\w*|erstell\w*|gener\w*|cre\w*|faire|hacer)[^.]{{0,25}}{_VIDEOS}|text[- ]to[- ]video|video (?:generat\w*|model)|videogenerator\w*|texte? vers video|texto a video|{_VIDEOS} (?:a partir d\W?(?:un |un)?texte?|aus text\w*|from (?:a )?(?:text|script))",
    "draw": rf"(?:generat\w*|mak\w*|creat\w*|draw\w*|paint\w*|produc\w*|design\w*|erzeug\w*|mal\w*|zeichn\w*|generier\w*|erstell\w*|gener\w*|cre\w*|dessin\w*|peindre|dibuj\w*|pintar|faire|hacer)[^.]{{0,30}}(?:{_PICTURES}|logos?|posters?|illustrat\w*|ilustra\w*|affiches?|carteles|comics?|art\b|artwork|covers?)|text[- ]to[- ]image|image generat\w*|image model|bildgenerator\w*|bildmodell|generateur d'images|generador de imagenes|texte? vers image|texto a imagen|{_PICTURES} (?:erzeugen|generieren|malen)",
    "vision": rf"vision\b|\bvlm\b|multimodal\w*|(?:understand|questions?|analy[sz]\w*|verstehen|fragen|comprend\w*|entiend\w*|preguntas|explain|interpret\w*|look at)[^.]{{0,25}}{_PICTURES}|image understanding",
    "translate": r"translat\w*|ubersetz\w*|\btradu\w*|interpreter|dolmetsch\w*",
    "embed": r"embed\w*|vector\w*|vektor\w*|semanti\w*|by meaning|nach bedeutung|par le sens|por (?:significado|sentido)|similarity search|plongement\w*|retrieval",
    "classify": r"classif\w*|klassif\w*|categor\w*|kategor\w*|sentiment\w*|stimmung\w*|\bspam\b|triage|nach thema|clasific\w*|\btopics?\b",
    "math": r"\bmath\w*|\balgebra|calculus|equation\w*|gleichung\w*|ecuacion\w*|theorem\w*|\bmates\b|matematic\w*|geometr\w*",
    "code": r"\bcod(?:e|es|ing|er|ers|ar)\b|program(?:m|ming|mer|mers|mier\w*|mer|ar|mation|acion|adores)\w*|python|javascript|\bsql\b|\brust\b|copilot|software develop\w*|developers?|softwareentwick\w*|codigo|quellcode",
    "chat": r"\bchat\w*|\bbots?\b|assistant\w*|asistente|assistenten?|\bllms?\b|language model|sprachmodell|modele de lang\w*|modelo de lenguaje|conversa\w*|\bwrit(?:e|ing)\b|summar\w*|zusammenfass\w*|resum\w*|answer\w*|beantwort\w*|repond\w*|respond\w*|e-?mails?|brainstorm\w*|text generation|schreib\w*|ecrire|rediger|escribir|redactar|questions?|\btalk\b|discuter|hablar|\brag\b",
}

NOT = r"(?:not|no|never|nothing|without|except|avoid|don't|won't|cannot|can't|neither|nor|other than|anything but|non|nicht|kein\w*|nichts|ohne|ausser|pas|sans|sauf|rien|aucun\w*|hors|sin|nada|ningun\w*|excepto|salvo|menos|ni|evit\w*)"

USES = {
    "commercial": r"de pago\b|payant\w*|kostenpflichtig\w*|commerci\w*|kommerziel\w*|gewerblich\w*|geschaftlich\w*|comercial\w*|\bsell\w*|\bsold\b|verkauf\w*|vend(?:re|er|o|emos|ons)\b|business|paid product|paying|make money|earn money|geld verdienen|gagner de l'argent|ganar dinero",
    "host": r"\bsaas\b|as a (?:hosted )?service|als dienst|comme service|como servicio|public api|host (?:it|a|the|for)\b|offer (?:it|this)\b|anbieten|proposer|ofrecer\w*|api publi\w*|online service|online-dienst|(?:visitors|guests|customers|users|anyone|everybody|people) (?:of|on) (?:our|the|my) (?:\w+ )?(?:web ?site|site|page) (?:should|shall|can|could|may|must|will|to)\b|(?:chat)?bot (?:on|for) (?:the |our |my )?(?:\w+ )?web ?site|(?:besucher\w*|gaste|kunden) (?:unser\w*|auf (?:der|unserer)) (?:web)?(?:seite|shops?)|visiteurs (?:de |du )(?:notre |mon )?site (?:doivent|peuvent|puissent|posent)|visitantes de (?:nuestra|mi|la) (?:web|pagina) (?:pued|deb|pregunt)\w+|public web ?site|\bpaid (?:\w+ )?(?:api|platform|service)\b|\bapi access\b|as a service to|(?:web ?site|web app|page) [^.;]{0,40} for [^.;]{0,12}\b(?:paying )?(?:users|customers|visitors)\b|web publica|site public|offentlichen (?:web)?seite",
    "modify": r"fine-? ?tun\w*|finetun\w*|feinabstimm\w*|feintun\w*|affiner|l'affiner|\badapt\w* (?:it|its|the (?:model|weights)|les poids|los pesos|le modele|el modelo|die gewichte|das modell)\b|anpassen|modif(?!iable|ie les|icar una? (?:foto|imagen))\w*|ajustar\w*|nachtrainier\w*|retrain\w*|reentren\w*",
    "redistribute": r"(?:weights|model|modell|modele|modelo|poids|pesos|gewichte) (?:with)?(?:in|into|inside|within|dans|en|im) (?:the|our|each|every|unser\w*|jede\w*|notre|nos|nuestr\w+) (?:products?|devices?|vehicles?|cars?|games?|apps?|box|machines?|cameras?|gerate?|spiel|appareils?|produits?|jeu|dispositivos?|juego|productos?)|redistribu\w*|\bship (?:it|this|them) (?:with|in|inside|to)\b|\b(?:is|are|gets?|be) shipped (?:with|in|inside)\b|\bships with\b|bundle\w*|weitergeb\w*|weitergabe|ausliefern|pass (?:it )?on|share the weights|distribuir\w*|partager les poids|compartir los pesos|livrer",
    "train-on-outputs": r"distill\w*|destill\w*|training data for|synthetic training|train\w* (?:another|other|a smaller|my own)|trainingsdaten (?:erzeug|fur|her(?:zu)?stell|gewinn|mach)\w*|train\w* [^.;]{0,30}\bon (?:what it (?:writes|says)|its (?:answers|outputs|replies))|entren\w+ [^.;]{0,30}con (?:lo que (?:escrib|dig|dic)|sus respuestas)\w*|entrain\w+ [^.;]{0,30}sur (?:ce qu'il (?:ecrit|dit)|ses reponses)|reponses entrain\w+|respuestas entren\w+|donnees d'entrainement pour|creer des donnees d'entrainement|datos de entrenamiento para|entrenar otro|entrainer un autre",
}
BUSINESS = r"\b(?:company|business|(?:web ?|online[ -]?|e-)?shop|webshop|store|startup|start-up|firm|agency|restaurant|enterprise|customers?|clients?|clientele|bakery|butcher's|salon|hotel|hostel|cafe|brewery|supermarket|pharmacy|bookshop|factory|dealership|dealer|retailer|wholesaler|insurer|bank|publisher|publishing house|consultancy|manufacturer|e-commerce|law office|tax office|freelancer?|freelancing|(?:dental|dentist's|doctor's|medical|vet|vet's|veterinary|law|legal|therapy|physio\w*) practice|(?:game|games|design|photo|film|tattoo|yoga|recording|architecture|animation|dubbing|fitness) studio|\w*firma|unternehmen|\w*betrieb|laden|\w+(?:buch|hof|blumen|bio|spiel\w*|mode|eis)laden|geschaft|\w*kanzlei|\w*agentur|steuerburo|kunde\w*|kundinnen|(?:stamm|neu|firmen|geschafts)kund\w+|\w*backerei|metzgerei|gartnerei|\w*schreinerei|tischlerei|friseur\w*|autohaus|autowerkstatt|kfz-werkstatt|\w*brauerei|apotheke|\w*verlag|fabrik|\w*handler|\w*makler|onlineshop|gasthof|gasthaus|kiosk|freiberufl\w*|selbststandig\w*|handwerker|mittelstandler|(?:arzt|zahnarzt|tierarzt|physio|therapie|haut|haus|kinder)\w*praxis|entreprise|societe|boutique|magasin|boite|commerce|agence|cabinet (?:d'|dentaire|medical|veterinaire|comptable|juridique|de conseil)\w*|clientele|clientes?|boulangerie|boucherie|salon de coiffure|hotel|concessionnaire|pharmacie|usine|brasserie|maison d'edition|librairie|epicerie|pme|tpe|independante?|auto-entrepreneu\w+|traiteur|fleuriste|imprimerie|empresa|negocio|tienda|restaurante|agencia|despacho|panaderia|carniceria|peluqueria|concesionario|clinica (?:dental|veterinaria)|gestoria|bufete|farmacia|fabrica|editorial|cerveceria|libreria|floristeria|cafeteria|inmobiliaria|pyme|autonom[oa]|clientela|compania|comercio|aseguradora|imprenta)\b"
_OWNERS = r"(?:our|we(?: are|'re| run| own) (?:an? |two |three |four )?|i (?:run|own) an? |for an? |unser\w*|wir (?:sind|betreiben|haben) (?:ein\w* )?|ich (?:betreibe|fuhre|habe) (?:ein\w* )?|fur (?:ein\w*|unser\w*) |notre|nous sommes (?:une? )?|nous tenons (?:une? )?|je (?:tiens|dirige) (?:une? )?|pour (?:une?|notre) |nuestr[ao]s?|somos (?:una? )?|tenemos (?:una? )?|llevo (?:una? )?|para (?:una?|nuestr[ao]) )"
_TRADES = r"(?:practices?|praxis|kanzlei\w*|\w*studios?|salon\w*|werkstatt|winery|weingut|vignoble|bodega|brewery|driving school|fahrschule|auto-ecole|autoescuela|travel agency|reiseburo|insurance|assurance|assureur|versicherung\w*|call ?cent(?:er|re)|logistics|spedition|real estate|immobilien\w*|estate agen\w+|notar\w*|notair\w*|notari\w*|architect\w*|architekt\w*|plumb\w*|electrician\w*|elektriker\w*|dachdecker\w*|physio\w*|dental|zahnarzt\w*|dentist\w*|pizzeria|catering|florist\w*|\w*laden|airline|taxi\w*|consult(?:ing|ancy|ants?)|software house|furniture \w+|mobelhaus|kaufhaus|hair ?dresser\w*|web ?design\w*|printing \w+|druckerei|optician\w*|optiker\w*|cabinet|estudio de \w+|consulta|clinica|products?|produkte?n?|produits?|productos?|sales (?:team|people|reps?|calls?)|buyers|vehicles we sell|guests|gaste|kaufer\w*|acheteu\w+|comprador\w+|huespedes|plant|hotline|warehouse|entrepot|almacen|clinique privee|privatpraxis|product (?:pages|texts|data)|standard telephonique|centralita)"
BUSINESS += rf"|\b{_OWNERS} ?(?:\w+ ){{0,2}}{_TRADES}\b|\b(?:doctors?'?s?|dentists?'?|vets?'?) practice|clinica privada|\bsaas\b|\bb2b\b|\betsy\b|\bgmbh\b|\bsarl\b|\bpaying (?:users|customers|members|guests|readers)|\bpaid (?:\w+ )?(?:apps?|version|plan|subscription|api|service|platform)\b|\bprivate (?:practice|clinic)\b|\bmerchants?\b|\bsawmill|\bhaulage|\bpaying\b|\binvestors\b|\bje vends\b|\bcustomer\b|\bindie studio|\bon en vit\b|\bviv(?:o|imos) de (?:eso|esto|ello)|\bleben? davon|\bfor a living|\b(?:live|living) (?:off|from) (?:it|this|that)|\b(?:i|we) (?:bill|invoice)\b|\bje facture|\bfacturo|\bcobr(?:o|amos)\b|\b(?:job|work) at an? (?:\w+ )?(?:chain|firm|company|bank)|\b(?:trabajo|puesto) en una (?:empresa|firma|banca)|\b(?:travail|poste) dans une|\btax advis\w+|\bheladeria|\bganaderia|\bfabricamos|\bfreie[rnm]? (?:texter|ubersetzer|journalist|grafiker|lektor)\w*|\bsubscribe to us|\bpar abonnement|\bmi estudio de \w+"
PRIVATE = r"\b(?:private(?! (?:practice|clinic|hospital|school|bank|label))|privat(?!praxis|klinik)(?!e (?:practice|clinic|hospital|school|bank|label))\w*|hobby|for fun|personal use|zum spass|usage prive|uso privado)\b"

OPENNESS = {
    "fully open": r"(?:fully|completely|truly|entirely|totally) open|(?:open|public|published)[^.]{0,10} (?:training )?data|training data[^.]{0,25}(?:open|public|inspect|too)|(?:including|incl\.?|with) (?:the )?(?:training )?data|(?:vollstandig|komplett|ganz|vollig) offen\w*|trainingsdaten|(?:entierement|totalement|completement) ouvert|donnees d'entrainement|donnees comprises|(?:totalmente|completamente|del todo) abierto|datos de entrenamiento",
    "open weights": r"open[- ]weights?|offene\w* gewichte\w*|freie\w* gewichte\w*|poids ouverts|pesos abiertos|weights (?:must|should|have to) be open",
    "restricted weights": r"restricted (?:weights|licenses)|eingeschrankte\w*|poids restreints|pesos restringidos",
}
OSI = r"open[- ]?source|\bosi\b|quelloffen|codigo abierto|logiciel libre"

ABILITIES = {
    "tools": r"function call\w*|tool (?:use|call\w*)|\btools\b|call (?:functions|apis)|funktionsaufruf\w*|werkzeug\w*|appel\w* d(?:e fonctions|'outils)|utiliser des outils|llama\w* (?:a )?funciones|herramientas",
    "reasoning": r"reason(?!s? (?:of|for|why|is)|able|ably|s\b)\w*|think\w* (?:step|before|first)|chain of thought|nachdenk\w*|schrittweise|raisonn\w*|reflechi\w*|razon\w*|paso a paso",
    "infill": r"\binfill\w*|fill[- ]in[- ]the[- ]middle|\bfim\b|lucken|combler les trous|rellen\w* huecos|in the middle",
    "timestamps": r"the (?:time|second) (?:of every|of each|at which)|time ?stamps?|timings?|zeitstempel\w*|zeitmarken?|horodat\w*|marcas (?:de tiempo|temporales)|minutage|time codes?|(?:heure|hora|zeit) exacte? de (?:chaque|cada)|exact (?:time|second) of (?:each|every)",
    "diarization": r"(?:timestamps|transcripts?|text) (?:and|with|by) speakers\b|which of (?:them|us) (?:is|was|it was)|diari[sz]\w*|speaker labels?|speakers apart|who (?:said|speaks|spoke|is speaking|is talking)\b|sprechertrenn\w*|sprecher\w* (?:unterscheid|trenn|auseinander)\w*|locuteurs|hablantes|quien habla|qui parle|wer (?:was|spricht)",
    "voice-cloning": r"clon\w*|klon\w*|my (?:own )?voice|meine\w* (?:eigene\w* )?stimme|ma (?:propre )?voix|mi (?:propia )?voz",
    "streaming": r"real[- ]?time|\blive\b|streaming|while i(?:'m| am) (?:still )?(?:speaking|talking)|sans delai|sin demora|ohne verzogerung|at once while|starts talking at once|pendant que je parle|mientras hablo|wahrend ich (?:noch )?spreche|echtzeit|temps reel|en direct|tiempo real|en vivo|en directo",
    "medical": r"medic\w*|medizin\w*|clinical|hospital|krankenhaus|arztbrief\w*|\bdoctors?\b|x-?rays?\b|rontgen\w*|radiograf\w*|radiograph\w*|\bmri\b|\bmrt\b|\birm\b|\bct[- ]scans?|tumou?r\w*|stethos[ck]op\w*|estetoscopio\w*|lesions?|fractur\w*",
    "multivector": r"multi-? ?ve(?:ct|kt)\w*|multivecteurs?|vectores multiples|vecteurs multiples|mehrere vektoren|late interaction|colbert",
    "sparse": r"\bsparse\b|dunn besetzt\w*|creux|dispersos",
    "quantiles": r"\bbest (?:case )?and (?:the |a )?worst|worst (?:case )?and (?:the |a )?best|with (?:a )?ranges?\b|how sure (?:that|it) is|lower and (?:an )?upper|low and (?:a )?high|schlimmsten|schlechtesten fall|au pire|peor (?:de los casos|caso)|quantil\w*|intervals?|intervall\w*|intervalles?|intervalos?|uncertain\w*|unsicherheit\w*|incertitud\w*|incertidumbre|cuantiles",
    "geospatial": r"satellit\w*|satelit\w*|earth observation|geospatial|aerial|aerienn?e?s?|aere[oa]s?|luftbild\w*|luftaufnahm\w*|\bdron(?:e|es)?s?\b|drohne\w*|sentinel-\d|remote sensing|teledete\w*|fernerkund\w*",
    "grounding": r"\bgrounding\b|points? (?:at|to) (?:it|them|the|what|things|each)|(?:zeig|deut)\w* (?:\w+ )?(?:drauf|darauf)|zeig\w* mir,? wo|coordinates of",
}
LIKE = r"(?:like|similar to|comparable to|instead of|alternativ\w* (?:\w+ )?(?:to|for|zu|fur|a|de)|replace\w*|replacement (?:for|of)|as good as|switch(?:ing)? (?:away )?from|wie|statt|ersatz fur|ersetzen|ahnlich wie|so gut wie|comme|remplac\w*|a la place de|au lieu de|semblable a|equivalent (?:a|de)|como|parecido a|en lugar de|en vez de|reemplazar|sustituir|tan bueno como|quit|leave|ditch)"
LIKE_AFTER = r"(?:alternative|replacement|clone|ersatz|ersetzen|ablosen)"
REPLACED = r"(?:alternativ\w* (?:libre |ouverte |abierta |locale? )?(?:to|for|zu|fur|a|de)|replac\w*|replacement for|instead of|switch(?:ing)? away from|ersatz fur|statt|remplacer|a la place de|equivalent (?:de|a)|reemplazar(?: a)?|sustituir(?: a)?|en lugar de|en vez de|sustituto de)"
"""Behind these stands a name, even where nobody knows it."""
USERS = r"\b(?:monthly |active |monatliche |zahlende )*(?:users?|customers?|people|subscribers?|visitors|members|nutzer\w*|kunden|menschen|leute|anwender\w*|besucher\w*|utilisateurs?|personnes|gens|internautes|abonnes|usuarios?|personas|clientes?|clients?|internautas|abonados)\b"
MONEY = r"(?:\b(?:dollars?|usd|eur|euros?|revenue|turnover|umsatz|jahresumsatz|chiffre d'affaires|ingresos|facturacion|a year|per year|al ano|par an|im jahr)\b|\$|€)"
CONTEXT = r"(?:tokens?|context|kontext|contexte|contexto|jetons)"
TERMS = r"(?:licen[sc]\w*|lizenz\w*)"
UNDER = rf"(?:{TERMS}|under|unter|sous|bajo)"
NO_NAME = ("imagen", "tts")
"""Names of models that nearly always mean something else."""
NO_LICENSE = ("fair", "json")
"""Names of licenses that hardly ever mean the license."""
PLACE = r"(?:in|en|aus|au|aux|a|from|based in|located in|dans l'?|der|den|the|la|los)"
FIRM = r"(?:\w+ )?(?:company|firm|startup|hospital|school|bank|agency|university|market|firma|behorde|schule|klinik|praxis|clinic|museum|city)"
OR = r"(?:or|nor|and|oder|noch|und|ou|ni|et|o|y|u|e)"
FROM = r"(?:from|by|of|aus|von|vom|de|du|del|d')"
EXCUSE = r"(?:sorry for|excus\w*|pardon\w*|perdon\w*) (?:my|mon|mi)"
OWN = r"(?:law|recht|droit|derecho|soil|boden|software|librar\w*|biblioth\w*|famil\w*|courts?|is (?:not|so|bad|poor))"
"""Behind a language that is of a country or of who speaks, and not asked for."""
PEOPLE = r"(?:models?|modell\w*|modeles?|modelos?|ones|one|companies|vendors|labs|firmen|anbieter|hersteller|ai|stuff)"


def first(patterns: dict[str, str], text: str) -> str | None:
    """The first key whose pattern is in the text."""
    return next((key for key, pattern in patterns.items() if re.search(pattern, text)), None)


FREE_OF = r"-? ?frei(?:e[nrsm]?)?\b|-free\b|[^.;,]{0,14}\b(?:exclu[es]?s?|excluded|excluid[oa]s?|ausgeschlossen|gesperrt|verboten|interdit\w*|prohibid\w*|banned|ruled out|non merci|traue ich nicht)\b"
"""Behind what is not wanted."""
REFUSING = r"boy?[ck]+ott\w*|boicot\w*|refus\w*|mefi\w*|ecart(?:e|ons|er|ez)|exclu(?:de[sd]?|re|ons|ez|t|ir|ye|imos)|rul\w* out|reject\w*|steer\w* clear|isn't|wasn't|aren't|leave out|verbiet\w*|prohib\w*|interdi\w*|ausnahme|fuera(?! de)|other than|nothing from|ennuis avec|trouble with"
"""Before makers and countries that are not wanted."""


def denied(text: str, start: int, within: int = 28) -> bool:
    """Whether a word at most so many letters before, in the same clause, says no."""
    before = re.split(r"[.;:!?]", text[max(0, start - 40) : start])[-1]
    return bool(re.search(rf"\b{NOT}\b[^,]{{0,{within}}}$", before))
