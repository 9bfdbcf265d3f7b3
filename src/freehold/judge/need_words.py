# ruff: noqa: E501  (a pattern is easier to read on one line)
"""The words by which what the model understood is corrected: plain names, and what must be near.

Texts are compared in small letters without accents. How often each is right was measured on texts
of the generator, never on the closed files of needs.
"""

import re

from freehold.judge import need_cues as cues

_PICTURES = (
    r"(?:images?|imagen\w*|pictures?|photos?|fotos?|bild\w*|photographs?|drawings?|portraits?)"
)
_MAIL = r"(?:e?-?mails?|tickets?|reviews?|messages?|complaints?|feedback|comments?|requests?|anfragen|nachrichten|bewertungen|kommentare|beschwerden|avis|courriels?|commentaires|plaintes|correos?|mensajes|resenas|opiniones|quejas|comentarios|reclamos|articles?|artikel|articulos|posts?|letters|briefe|lettres|cartas)"
SURE = {
    "cut-out": r"(?:background|hintergrund|fond|fondo)s? (?:remov\w*|entfern\w*)|(?:remove|cut|knock) (?:the )?backgrounds? (?:off|out|from|of)|(?:quitar|enlever|supprimer) (?:los |el |les |le )?fond(?:os?|s)?\b(?! (?:de|du) (?:bruit|ruido))|hintergr(?:und|unde) (?:entfernen|wegnehmen)|freistell\w*|detour(?:er|age)|segment anything|cut(?:ting)? out\b|cut[^.]{0,20} out of",
    "depth": r"depth (?:maps?|estimat\w*)|tiefen(?:karte|bild|schatz)\w*|cartes? de profondeur|mapas? de profundidad",
    "forecast": r"forecasting|forecast (?:the|our|my|next|how|demand|sales)|time[- ]?series|zeitreihe\w*|prognostizier\w*|absatzprognos\w*|series? (?:temporales|temporelles)|predict (?:our |the |my )?(?:\w+ )?(?:sales|demand|prices?|load|traffic|consumption|revenue|visitors)|vorhersag\w*|prognos\w*|prever|prevoir|pronostic\w*",
    "rerank": r"re-?rank\w*",
    "moderate": r"hate ?speech|hassrede|hasskommentar\w*|jail ?breaks?|guard ?rails?|content moderation|(?:toxic|toxische|abusive) (?:comments?|kommentare|posts?|messages?)|commentaires (?:toxiques|haineux|injurieux)|comentarios (?:toxicos|ofensivos)|moder(?:er|ar|ieren|ate) (?:les|los|die|our|the|forum)\b|toxi[qcs]\w*|insult\w*|beleidig\w*|haineu\w*|block\w* (?:\w+ )?(?:comments|posts|messages)",
    "segment": r"per[- ]pixel|pixel[- ]wise|pixelweise|pixel (?:par|por|fur) pixel|segmentation|segmentierung|segmentacion",
    "shape": r"3-?d (?:models?|meshe?s?|objects?|modell\w*|objekt\w*)|(?:modeles?|modelos?|objets?|objetos?) (?:en )?3-?d",
    "detect": rf"object detect\w*|objekterkennung|deteccion de objetos|detection d'objets|bounding box\w*|(?:detect|count|find|locate|spot|zahlen|erkennen|compter|reperer|contar|detectar) (?:\w+ ){{1,4}}(?:in|on|auf|in|dans|sur|en) (?:\w+ ){{0,2}}{_PICTURES}|compter (?:les|des)|count (?:the |all |how many )?(?:cars|people|bikes|sheep|trees|birds|cows|cells|vehicles|boxes|bicycles)",
    "animate": rf"img2vid|i2v|image2video|image[- ]to[- ]video|bild[- ]zu[- ]video|animier\w*|animat(?:e|ing) (?:an? |my |our |old |the |some )?(?:\w+ )?{_PICTURES}|{_PICTURES} (?:to|into|zu|zum|en|in|a) (?:an? |ein |un |einem )?(?:video|clip|film)\w*|(?:make|bring) (?:\w+ ){{0,4}}{_PICTURES} (?:move|to life)",
    "caption": rf"alt[- ]?texts?|bildbeschreib\w*|pies de foto|{_PICTURES} caption\w*",
    "transcribe": r"transcri(?:be|bing|ption|re|bir|pcion)\w*|transkri(?:bier|ption)\w*|speech[- ](?:to[- ]text|recogn\w*)|asr|stt|spracherkennung|reconnaissance (?:vocale|de la parole)|reconocimiento de voz|diktier\w*|verschriftlich\w*|voz a texto|untertit\w*|sous-titr\w*",
    "speak": r"text[- ]to[- ]speech|tts|voice ?overs?|horbuch\w*|speech synth\w*|sprachsynthese|sprachausgabe|synthese vocale|sintesis de voz|voz sintetica|clon\w*[^.]{0,14}\b(?:voice|voix|voz)|stimme\w* (?:zu )?klon\w*|voice clon\w*|vorlesen",
    "sounds": r"sound ?effects?|soundeffekt\w*|effets sonores|efectos (?:de sonido|sonoros)|sfx",
    "music": r"(?:make|write|compose|generate|create|produce) (?:me |us )?(?:an? |some |new |the )?(?:\w+ )?(?:songs?|music|melod\w+|jingles?|soundtracks?)|text[- ]to[- ]music|music (?:generat\w*|model)|musikgenerator|komponier\w*|(?:musik|lieder|songs) (?:erzeugen|machen|generieren|schreiben)|compos(?:er|icion|ar) (?:de la |una? |des )?(?:musique|musica|cancion\w*|chansons?)|generar musica|generer de la musique",
    "audio": r"noise (?:removal|reduction)|quitar (?:el )?ruido|debruit\w*|entrausch\w*|stem (?:separation|splitter)",
    "omni": r"any[- ]to[- ]any",
    "edit": rf"img2img|i2i|bildbearbeitung|image[- ]to[- ]image|inpaint\w*|photo retouch\w*|retou(?:cher|che)[^.]{{0,12}}(?:photos?|images?)|(?:edit|retouch|retusch\w+|bearbeit\w*) (?:my |our |the |old |die |meine )?{_PICTURES}|retocar fotos|(?:colou?ri[sz]\w*|kolorier\w*|colorear|upscal\w*|restore|restaur(?:er|ar|ier\w*)|touch up|retouch\w*|retuschier\w*|bearbeiten) (?:\w+ ){{0,3}}{_PICTURES}|{_PICTURES} (?:\w+ )?(?:retuschieren|bearbeiten|restaurieren|kolorieren)",
    "film": r"t2v|txt2vid|text2video|text[- ]to[- ]video|video generat\w*|videogenerator\w*|(?:generate|create|crear|generar|creer|generer) (?:some |short |an? |un |des |de |courtes )*videos?|videos? (?:erzeugen|erstellen|generieren)|(?:videos?|clips?) (?:from|out of|aus|a partir d\w*|de) (?:a |einem |un |une |eine )?(?:text\w*|prompts?|script\w*|beschreib\w*|descri\w*)",
    "draw": r"(?:t2i|txt2img|text2image|text[- ]to[- ]image|texto a imagen|texte vers image|image generat\w*)(?! (?:search|match|retriev))|bildgenerator\w*|bilder (?:erzeugen|generieren|malen)|(?:generate|generar|generer|create) (?:some |an |des )?(?:images?|imagenes|pictures|illustrations)|dessiner|dibujar",
    "vision": rf"vlm|vision[- ]language|(?:questions?|fragen|preguntas) (?:about|on|over|zu|uber|sur|sobre) (?:\w+ ){{0,2}}(?:{_PICTURES}|charts?|diagram\w*|screenshots?|plans?)",
    "translate": r"ubersetz\w*|tradu(?:c|z|ir|is)\w*|dolmetsch\w*|translat\w*",
    "embed": r"(?:sentence|text|document) embeddings?|by meaning|nach bedeutung|par le sens|por (?:significado|sentido)|satzvektor\w*|semantic search|semantische\w* suche|recherche semantique|busqueda semantica|embeddings?|embedding-?modell\w*",
    "classify": rf"sentiment analysis|stimmungsanalyse|analyse de sentiments?|analisis de sentimiento\w*|spam|(?:sort|classify|categori[sz]e|label|tag|triage|route|sortier\w*|klassifizier\w*|kategorisier\w*|einordnen|classer|trier|categoriser|etiqueter|clasificar|ordenar|etiquetar|categorizar)\W+(?:\w+\W+){{0,3}}{_MAIL}|positive (?:or|and) negative|positiv(?:e|en)? (?:oder|und) negativ\w*|positif\w* ou negatif\w*|positiv[oa]s? (?:o|y) negativ[oa]s?",
    "code": r"code (?:completion|review|generation)|coding (?:assistant|model|help)|(?:write|review|complete|autocomplete) (?:my |our |some )?code|for coding|sql",
    "chat": r"zum (?:chatten|plaudern|unterhalten)|para (?:chatear|charlar|conversar)|pour (?:discuter|bavarder)|to chat with",
    "ocr": rf"texterkennung|reconocimiento de texto|reconnaissance de texte|(?:read|leer|lire|digiti[sz]e)\W+(?:my |our |some |the |las |los |des |les |old |alte )?(?:scan\w*|receipts?|invoices?|facturas?|factures?|recibos?|handwrit\w+|manuscri\w+)|(?:rechnungen|belege|quittungen|handschrift\w*) (?:ein|aus)?lesen|ocr|(?:text|numbers?|texte|texto|zahlen) (?:from|in|of|aus|auf|in|dans|de|des|en|sur) (?:\w+ ){{0,2}}(?:{_PICTURES}|scans?|pdfs?)",
}  # fmt: skip
"""Words that name one kind of work and hardly ever stand in a wish for another."""

UNLESS = {
    "transcribe": r"scan\w*|photo\w*|handwrit\w*|handschrift\w*|manuscri\w*|pages?",
    "embed": r"images?|imag\w*|photo\w*|foto\w*|pictur\w*|bild\w*|pages?|pagin\w*|seiten?|visual\w*|visuel\w*|multimodal\w*|slides?|scans?|logo\w*|drawing\w*|zeichn\w*|dessin\w*|dibuj\w*|audio|code|re-?rank\w*",
    "chat": r"images?|imag\w*|photo\w*|foto\w*|pictur\w*|bild\w*|screens?\w*|charts?|diagram\w*|filt\w*|jail\w*|insult\w*|guard\w*|outputs?|moder\w*|voice|voix|voz|stimme|hear\w*|sees?|sieht|[ck]am[ae]ra\w*|abus\w*|toxi\w*|speak\w*|sprech\w*|video\w*|passag\w*|retriev\w*",
}  # fmt: skip
"""Words beside which the names of a kind of work mean other work."""
EVIDENCE = {
    "math": r"math?\w*|mate\w*|rech\w*|[ck]al[ck]\w*|algebr\w*|equation\w*|gleichung\w*|ecuacion\w*|number\w*|numer\w*|zahl\w*|chiffr\w*|cifra\w*|sums?|summe\w*|arith?m\w*|geometr\w*|pro[ov]\w*|beweis\w*|theorem\w*|statist\w*|fra[ck]\w*|bruch\w*|integra\w*|deriv\w*|comput\w*|cuent\w*|count\w*|problem\w*|aufgabe\w*|formul\w*|formel\w*|per ?cent\w*|prozent\w*|nombre\w*|demo[ns]\w*|multipl\w*|trigo\w*|compt\w*|logi[ckq]\w*|stochast\w*|figures",
    "reasoning": r"reason\w*|th(?:ink|ough)\w*|\w*denk\w*|uberleg\w*|pens\w*|reflech\w*|reflex\w*|razon\w*|raison\w*|piens\w*|logi[ckq]\w*|steps?|step-\w*|schritt\w*|etape\w*|pasos?|ponder\w*|chain\w*|cot|kette\w*|delibera\w*|argument\w*|conclu\w*|schluss\w*|schlussfolg\w*|puzzl\w*|ratsel\w*|enigm\w*|infer\w*|medit\w*|mull\w*|gedank\w*|kniffl\w*|knobel\w*|work\w* (?:\w+ )?out|decompos\w*|descompo\w*|zerleg\w*|break\w*|problem\w*|chemin\w*|llego|derive\w*|weg|rechenweg|losungsweg|plan\w*|show\w*|wisdom|sage|sag[ae]c\w*|deduc\w*|consider\w*|weigh\w*|hard|schwer\w*|why|warum|before",
    "streaming": r"real[- ]?time|live|stream\w*|e[ck]ht?zeit\w*|temps reel|direct\w*|tiempo real|vivo|while|wahrend|pendant|mientras|moment\w*|sofort|inst[ae]nt\w*|delay\w*|lags?|laten[cz]\w*|verzoger\w*|retard\w*|demora\w*|immedia\w*|inmedia\w*|simultan\w*|sobre la marcha|a medida|a mesure|flu[xj]\w*|transmi\w*|word by word|on the fly|as (?:we|they|i|it|people|someone|he|she|you)|gleich|(?:as )?soon|en cuanto|des que|segundo\w*|second\w*|sekund\w*|wait\w*|wart\w*|attend\w*|esper\w*|still|noch|before|bevor|avant|antes|conversation\w*|gesprach\w*|ongoing|laufend\w*|fortlaufend\w*|continu\w*|mid|on air|im ton|perceptib\w*|pause|flow|decalage|now|jetzt|nebenher",
    "diarization": r"diari\w*|speaker\w*|sprech\w*|spricht|locut\w*|hablan\w*|habl[ao]\w*|orador\w*|who\w*|wer|wem|qui|quien\w*|voice\w*|stimme\w*|voix|voces|voz|person\w*|name\w*|nom\w*|apart|turn\w*|each|jede\w*|interloc\w*|participant\w*|teilnehm\w*|said what|label\w*|separ\w*|distin\w*|unterschei\w*|auseinander\w*|intervenant\w*|asist\w*",
    "voice-cloning": r"[ck]l[oa]n\w*|imit\w*|cop(?:y|ie|ia)\w*|kopier\w*|(?:my|our|your|own|his|her|s|grand\w*|dad|mum|mother|father) (?:own )?voice|voice of|same voice|sound like|samples?|probe\w*|echantillon\w*|muestra\w*|recording\w*|aufnahme\w*|enregistr\w*|grabaci\w*|eigene\w* stimme|(?:meine|unsere|seine|ihre|deren) \w*\s?stimme\w*|stimme (?:von|der|des|meine\w*)|(?:ma|sa|notre|leur) (?:propre )?voix|voix (?:de|d'|du)|(?:mi|su|tu|nuestra) (?:propia )?voz|voz de|nachahm\w*|nachmach\w*|minute\w*|sekund\w*|second\w*|segundo\w*|klingt wie|wie ich|like me|comme moi|como yo|suene|reprodu\w*|recreat\w*|speaker|sprecher\w*|timbre|parezca|zero-shot|\w*klon\w*|nachgebild\w*|extra(?:it|cto)\w*|gleich\w* stimme|voice (?:actor|sample)|learns? (?:a|the|my|our) voice|appren\w*|aprend\w*|lern\w*",
    "medical": r"medi[cz]\w*|medecin\w*|[ck]lini\w*|hospi\w*|hopita\w*|do[ck]tor\w*|\w*arzt\w*|patient\w*|pacien\w*|radio(?:log|graf|graph)\w*|surg\w*|x-?rays?|rontgen\w*|nurs\w*|diagnos\w*|mri|mrt|irm|ct|tumou?r\w*|krank\w*|health\w*|gesundheit\w*|sante|salud|sanitari\w*|enferm\w*|malad\w*|disease\w*|anatom\w*|drugs?|quirofan\w*|chirurg\w*|cirug\w*|cirujan\w*|pat(?:h?o)log\w*|dent(?:al|ist)\w*|zahn\w*|s[iy]mpto\w*|sintoma\w*|(?:ph|f)arma\w*|apothek\w*|infirm\w*|soins|ecg|ekg|biops\w*|lung\w*|bones?|knochen\w*|skin|brain|hirn\w*|zellen|cells?|cellules|celulas|tomogra\w*|ultras\w*|ech?ogr\w*|therap\w*|ward|arznei\w*|befund\w*|anamnes\w*|thorax|organ\w*|blood|blut\w*|sang|sangre|retina\w*|melanom\w*|microscop\w*|histolog\w*|pflege\w*|vets?|veterin\w*",
    "geospatial": r"satell?\w*|aerial|air|above|orbit\w*|ortho\w*|orto\w*|drones?|drohn\w*|luft\w*|geo\w*|earth|sentinel\w*|landsat|copernicus|maps?|mapping|karte\w*|mapas?|sky|planes?|ciel|cielo|aer(?:e|ie|ia)\w*|oben|terre|tierra|erdbeob\w*|(?:dem|aus|vom) all|we?l?traum\w*|teledet\w*|remote sensing|fernerkund\w*|avion\w*|flug\w*|himmel|spac\w*|espac\w*|arriba|altura",
    "sparse": r"spars\w*|dispers\w*|splade|bm25|(?:word|term|lexical|learned|keyword|token) weights?|weigh\w*|peso\w* por|poids (?:par|lex\w*|de mot\w*)|gewicht\w* (?:pro|je|fur)|wortgewicht\w*|inverted|lucene|lexi\w*|hybrid\w*|hibrid\w*|creux|dunn\w*|keyword\w*|stichw\w*|mots?[- ]cles?|palabras? clave",
    "multivector": r"multi-? ?ve\w*|ve[ck]t(?:or|eur)\w*|colbert|tokens?|jeton\w*|late|inter\w*|tardi\w*",
    "tools": r"tools?|fun[ck][tc]\w*|fonction\w*|call\w*|api\w*|werkzeug\w*|aufruf\w*|appel\w*|outil\w*|herramient\w*|llam\w*|agent\w*|[ck]al[ce]nd\w*|calcul\w*|buscador|act\w*|command\w*|comand\w*|befehl\w*|execut\w*|ejecut\w*|ausfuhr\w*|run\w*|us(?:e|es|ing)|mcp|json|schalt\w*|switch\w*|book\w*|buch\w*|program\w*|plugin\w*|s[ck]ripts?|invok\w*|da(?:ta|ten)ban[ck]\w*|search|web|quer(?:y|ies)|steuer\w*|[ck]ontrol\w*|pilot\w*|order\w*|ac[ct]ion\w*|s[iy]stem\w*|dienst\w*|servi[ct]\w*|look up|weather|wetter",
    "code": r"cod\w*|program\w*|s[ck]ript\w*|software\w*|de(?:v|sarroll)\w*|entwick\w*|python|java\w*|sql|rust|html|css|fun[ck][tc]ion\w*|fonction\w*|bug\w*|debug\w*|bash|shell|regex\w*|ma[ck]ro\w*|excel|quelltext|informati\w*|git\w*|unit|typescript|perl|php|ruby|tests?|snippet\w*|cpp|source|lines|zeilen|lignes|lineas|compil\w*",
    "train-on-outputs": r"train\w*|teach\w*|taught|le[ar]r?n\w*|distil\w*|destil\w*|student\w*|schuler\w*|eleve\w*|alumn\w*|lehr\w*|maestr\w*|maitre\w*|prof?es+eur\w*|profesor\w*|entrain\w*|entren\w*|aprend\w*|appren\w*|enseign\w*|data\w*|daten\w*|donnees|datos|corpus|bootstrap\w*|feeds?|fed|success\w*|nachfolg\w*|suc+es\w*|another|other|ander\w*|autre\w*|otr[oa]s?|second|zweit\w*|smaller|kleiner\w*|leichter\w*|plus (?:petit|leger)\w*|mas (?:pequen|liger)\w*|s[iy]nt[eh]+t\w*|tutor\w*|fodder|futter\w*|raw|junior|offspring|network|netz\w*|reseau\w*|mentor\w*|instru\w*",
}  # fmt: skip
"""Abilities and uses that are told by one of these words, however they are told."""

PEOPLE = re.compile(
    r"\b(?:users?|people|customers?|clients?|members?|visitors?|subscri\w*|guests?|readers?|listeners?|viewers|players?|students?|pupils|employees|staff|colleagues|accounts?|sign-?ups|installs?|downloads?|households|famil\w*|citizens|patients|seats|logins?|registered|followers|fans|mau|dau|of us"
    r"|nutz\w*|kund\w*|leut\w*|mensch\w*|mitglied\w*|besuch\w*|abonn\w*|gaste?\w*|leser\w*|horer\w*|spieler\w*|schuler\w*|studier\w*|mitarbeit\w*|anwender\w*|konten|personen|benutz\w*|eingeschrieben\w*|angemeldet\w*"
    r"|utilis\w*|usagers?|personnes|gens|membres|visiteurs|lecteurs|joueurs|eleves|etudiant\w*|employes|comptes|inscri\w*|internautes"
    r"|usuari\w*|personas?|gente|miembros|socios|visitantes|suscri\w*|lectores|jugadores|alumn\w*|estudiantes|emplead\w*|cuentas|entran|conecta\w*|matriculad\w*)\b"
)
"""Near a number of users stands who they are."""
LENGTH = re.compile(
    r"\bto\w{0,2}k?e?ns?\b|\bjetons?\b|\b[ck]\w{1,4}text\w*|\bctx|window|fenster|fenetre|ventana|prompt|input|eingabe|entrada|memor|gedachtnis"
)
"""Near the length of a context stands what it counts, or where it has its place."""
_NO = r"(?:not|no|never|nothing|non|without|without any|nicht|kein\w*|nichts|ohne|pas|sans|rien|aucun\w*|sin|nada|won't|will not|don't|do not|isn't|is not)"
_TRADE = r"(?:business|commerci\w*|sell\w*|sold|profit|verkauf\w*|kommerz\w*|gewerb\w*|vend\w*|vente|comerci\w*|negocio|lucro)"
REFUSED = re.compile(
    rf"\b{_NO} (?:for |an? |any |be |going to |to |d'|de |du |fur |zum |das |es |our |en |par |lo )*{_TRADE}\b"
)
TERMS = re.compile(
    r"licen[scz]|lizen[zc]|clause|klausel|clausula|limit|restrict|einschrank|verbot|royalt"
)
OPEN = re.compile(rf"{cues.OSI}|open|offen|abiert|ouvert|libre|frei|\bfree\b|foss")
