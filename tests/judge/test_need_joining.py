"""What the model understood and what cues tell are joined: each corrects the other's weakness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.need import hear
from freehold.judge.need_joining import joined, named_work
from freehold.judge.need_words import EVIDENCE, SURE
from freehold.judge.said import ABILITIES, FITTING, TASKS, USES, Said
from tests.invented import SHIPPED


def together(text: str, said: Said) -> Said:
    heard = hear(text, SHIPPED)
    return joined(said, heard)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("tts in german, 4 gb", "speak"),
        ("asr for hindi", "transcribe"),
        ("eine software zum ubersetzen", "translate"),
        ("generer de la musique", "music"),
        ("crear videos cortos", "film"),
        ("find the right page without ocr", None),
        ("a transcription of scanned pages", None),
        ("transcribe and translate it", None),
        ("the weather is fine", None),
    ],
)
def test_work_is_named_by_one_plain_word_that_is_not_denied(text: str, task: str | None) -> None:
    assert named_work(text) == task


def test_named_work_decides_where_the_model_says_other_work() -> None:
    assert together("voz sintética en gallego", Said(task="chat", languages=("gl",))) == Said(
        task="speak", languages=("gl",)
    )


def test_the_name_of_what_is_replaced_names_no_work() -> None:
    said = Said(task="speak", like="whisper speech recognizer")
    assert together("whisper speech recognizer was nice, now it shall talk", said).task == "speak"


def test_an_ability_that_a_cue_tells_is_added_where_it_fits_the_work() -> None:
    assert together("clone my voice", Said(task="speak")).abilities == ("voice-cloning",)
    assert together("clone my voice", Said(task="film")).task == "speak"
    assert together("no time stamps, please: asr", Said(task="transcribe")).abilities == ()


@pytest.mark.parametrize(
    ("text", "said", "kept"),
    [
        ("embeddings for old letters", Said(task="embed", abilities=("sparse",)), ()),
        ("embeddings as splade has them", Said(task="embed", abilities=("sparse",)), ("sparse",)),
        ("answer questions on taxes", Said(task="chat", abilities=("medical",)), ()),
        ("answer questions on diseases", Said(task="chat", abilities=("medical",)), ("medical",)),
    ],
)
def test_an_ability_without_any_word_for_it_is_dropped(
    text: str, said: Said, kept: tuple[str, ...]
) -> None:
    assert together(text, said).abilities == kept


def test_who_refuses_trade_needs_no_commercial_use() -> None:
    meant = Said(task="chat", uses=("commercial",))
    assert together("not for business: a chatbot to talk to", meant).uses == ()
    assert together("ein chatbot, wir wollen nichts verkaufen", meant).uses == ()
    assert together("a chatbot with no non-commercial license", meant).uses == ("commercial",)
    assert together("our shop will not sell it: a chatbot", meant).uses == ("commercial",)


def test_a_license_that_is_named_is_meant_and_not_any_open_one() -> None:
    said = Said(task="chat", licenses=("osi",))
    assert together("a chatbot under the mit license", said).licenses == ("the mit license",)
    assert together("an open source chatbot, mit license", said).licenses == ("osi", "mit license")
    assert together("a chatbot, legally clean", said).licenses == ("osi",)


def test_trade_is_believed_where_any_word_speaks_of_it() -> None:
    said = Said(task="draw", uses=("commercial",))
    assert together("posters for our village fair, 12 gb", said).uses == ()
    for text in ("plakate, das wirft werbegeld ab", "posters, i live from it", "affiches, on paie"):
        assert together(text, said).uses == ("commercial",)


def test_the_length_of_a_context_has_what_it_counts_beside_it() -> None:
    said = Said(task="embed", context="50,000")
    assert together("vectors for 50,000 pages", said).context is None
    for text in ("vectors, 50,000 tokens", "50,000 de contexto, vectores", "kontext 50,000"):
        assert together(text, said).context == "50,000"


def test_a_number_of_users_has_people_beside_it() -> None:
    said = Said(task="embed", users="10,000")
    assert together("search through 10,000 pdf reports", said).users is None
    assert together("search for 10,000 subscribers", said).users == "10,000"


def test_cues_fill_what_the_model_is_silent_of_and_nothing_else() -> None:
    text = "fully open, french, 8 gb, 50,000 subscribers, 32k context: draw something"
    assert together(text, Said(task="chat", languages=("de",))) == Said(
        task="chat", languages=("de",), memory="8 gb", users="50,000", context="32k"
    )
    assert together("we are 5 people in berlin", Said(task="chat")).users is None


def test_a_language_that_the_model_left_out_of_several_is_added() -> None:
    text = "translate manuals from english into polish and czech"
    assert together(text, Said(task="translate", languages=("en", "pl"))).languages == (
        "en", "pl", "cs",
    )  # fmt: skip
    assert together("captions in polish", Said(task="caption")).languages == ()


def test_what_is_refused_by_name_is_nothing_to_be_replaced() -> None:
    for text in ("beweise, gerne qwen-frei", "proofs, qwen-free", "proofs, but no qwen"):
        said = together(text, Said(task="math", like="qwen"))
        assert (said.like, said.not_from) == (None, ("qwen",)), text


@pytest.mark.parametrize(
    "text",
    ["captions, but not chinese models", "un modèle chinois est exclu: légender des photos",
     "captions, we boycott everything chinese", "subtítulos, la ley prohíbe modelos chinos"],
)  # fmt: skip
def test_where_a_model_may_not_come_from_is_no_language_and_no_place(text: str) -> None:
    made = together(text, Said(task="caption"))
    assert (made.languages, made.territory) == ((), None)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("a chatbot, nothing from alibaba or facebook", ("alibaba", "facebook")),
        ("a chatbot, not from google, meta or china", ("google", "meta", "cn")),
        ("a chatbot, no chinese, russian or american models", ("cn", "ru", "us")),
        ("un chatbot, sin meta, google ni alibaba", ("meta", "google", "alibaba")),
        ("ein chatbot, kein modell aus china oder russland", ("cn", "ru")),
        ("a chatbot not from meta, google models are fine", ("meta",)),
        ("ein chatbot, keine modelle von meta, google oder aus china", ("meta", "google", "cn")),
    ],
)
def test_all_of_a_list_are_refused(text: str, refused: tuple[str, ...]) -> None:
    made = together(text, Said(task="chat", not_from=refused[:1]))
    assert (made.not_from, made.languages, made.territory) == (refused, (), None)


def test_the_language_of_a_country_or_of_who_speaks_is_not_asked_for() -> None:
    for text in (
        "sorry for my english: captions",
        "captions under dutch law",
        "captions on us soil",
    ):
        made = together(text, Said(task="caption"))
        assert (made.languages, made.territory) == ((), None), text


def test_a_word_that_is_a_country_elsewhere_is_no_place() -> None:
    for text in (
        "on a eu des ennuis: sous-titrer",
        "sous-titrer en italien",
        "transcription, from us",
    ):
        assert together(text, Said(task="transcribe")).territory is None, text
    assert together("untertitel in italien", Said(task="transcribe")).territory == "it"
    assert together("transcription in the us", Said(task="transcribe")).territory == "us"


def test_a_word_for_work_that_is_refused_or_only_added_names_no_work() -> None:
    assert together("ocr-free search of pages", Said(task="pages")).task == "pages"
    assert together("slogans, and also write code", Said(task="chat")).task == "chat"
    assert together("buscar páginas como imagen", Said(task="pages")).like is None


def test_a_student_of_medicine_or_not_is_no_doctor() -> None:
    assert together("notre doctorante: résumer", Said(task="chat")).abilities == ()


def test_a_language_of_its_own_is_not_refused() -> None:
    for text in ("transcribe german exclusively", "exclusivamente en alemán: transcribir"):
        assert together(text, Said(task="transcribe")).languages == ("de",)


def test_a_number_of_users_is_no_revenue() -> None:
    made = together("nombre d'utilisateurs: 20 000, légender", Said(task="caption"))
    assert (made.users, made.revenue) == ("20 000", None)


def test_a_number_is_what_its_size_allows() -> None:
    assert together("one vector per token, 300m", Said(task="embed")).context is None
    assert together("theme tweaks for clients, 32b or less", Said(task="code")).users is None


def test_a_private_practice_is_trade_and_a_private_person_is_not() -> None:
    said = Said(task="chat")
    assert together("letters in my private practice: a chatbot", said).uses == ("commercial",)
    assert together("in our shop, but private use: a chatbot", said).uses == ()


def test_ships_on_pictures_are_not_shipped() -> None:
    assert together("find ships in satellite images", Said(task="detect")).uses == ()
    assert together("ship it with the app: detect faces", Said(task="detect")).uses == (
        "redistribute",
    )


def test_the_memory_in_the_name_of_a_card_is_no_limit() -> None:
    said = Said(task="listen", machine="m40 24 gb")
    assert together("sounds on a m40 24 gb", said).memory is None


def test_a_german_with_before_a_license_is_not_mit() -> None:
    said = Said(task="chat", licenses=("cc by 4.0",))
    assert together("chatbot mit lizenz cc by 4.0", said).licenses == ("cc by 4.0",)
    assert together("chatbot, mit-lizenz", Said(task="chat")).licenses == ("mit",)


def test_what_is_no_need_stays_none() -> None:
    assert together("my company has 500 users", Said()) == Said()


def test_the_words_are_those_of_the_closed_form() -> None:
    assert set(SURE) <= set(TASKS)
    assert set(EVIDENCE) <= {*ABILITIES, *USES}


@given(
    st.text(max_size=80),
    st.sampled_from([None, *TASKS]),
    st.sets(st.sampled_from(ABILITIES)),
    st.sets(st.sampled_from(USES)),
)
def test_whatever_the_model_says_the_joined_need_makes_sense(
    text: str, task: str | None, abilities: set[str], uses: set[str]
) -> None:
    made = together(text, Said(task=task, abilities=tuple(abilities), uses=tuple(uses)))
    assert set(made.abilities) <= FITTING.get(made.task or "", set())
