"""How a suggestion is drawn, on a card and in a thread alike.

The order is that of a person woken at night: what it is like, what ended it, what to do now.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from bot.slack.escape import Safe, code_block, join, link, markdown, words
from bot.slack.limits import Block
from bot.slack.pieces import context, duration, lines_section, percent, section
from bot.suggestions.model import (
    Cause,
    CitedIncident,
    CitedPassage,
    Step,
    Suggestion,
    SuggestionKind,
)
from bot.suggestions.words import spoken_name, what_changed, when_changed

Part = tuple[int, Block]
"""A block and its rank: the higher, the sooner it is left out."""

STEPS_SHOWN = 3
_OTHERS_SHOWN = 2
_CAUSES_SHOWN = 4
_DIFFERENCES_SHOWN = 3
_PASSAGES_SHOWN = 3
_CHANGES_SHOWN = 2
_CODE = 1_400
_COUNTS = {2: "Two", 3: "Three", 4: "Four"}
WARNING = "⚠️"
_HEAD_WORDS = 3
_QUOTED = re.compile(r"Like (\S+): ")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def suggestion_parts(suggestion: Suggestion, lead: str = "") -> Iterator[Part]:
    """Everything there is to say, most important first. `lead` stands before it; before an
    abstention it takes the place of "not seen before"."""
    if lead and suggestion.kind is SuggestionKind.ABSTENTION:
        yield from _abstention(suggestion, words(lead, 400))
        return
    if lead:
        yield 0, context(words(lead, 400))
    yield from _LEADS[suggestion.kind](suggestion)
    if suggestion.kind is not SuggestionKind.ABSTENTION and suggestion.changes:
        yield 1, section(_changed_last(suggestion))
    if suggestion.answered:
        yield from _steps(suggestion)
        yield from _further_reading(suggestion)


def footer(suggestion: Suggestion) -> Safe:
    """How sure, where the lead has not said it, and what reproduces the answer."""
    lead_says = suggestion.kind is SuggestionKind.ONE_CAUSE and suggestion.incidents
    needs_saying = suggestion.answered and not lead_says
    sure = Safe(f"confidence: {_sure_of(suggestion)}") if needs_saying else Safe("")
    return join([sure, Safe(f"receipt {words(suggestion.id[:8], 60)}")])


def _one_cause(suggestion: Suggestion) -> Iterator[Part]:
    if not suggestion.incidents:
        yield from _runbook_only(suggestion)
        return
    best, *others = suggestion.incidents
    name = link(best.url, best.id, 60)
    lines = [
        Safe(f"*Seen before:* {name} — {words(best.title, 160)} ({_sure_of(suggestion)})"),
        _labelled("Cause", best.cause, 300),
        _what_fixed_it(best),
        _other_environment(best),
        _vouched(best),
        Safe("Your team said that this is the same.") if best.linked else Safe(""),
    ]
    yield 0, lines_section(lines)
    yield from _differences(suggestion)
    if others:
        also = [_other(incident) for incident in others[:_OTHERS_SHOWN]]
        yield 4, context(Safe("Also alike: " + join(also, "; ")))


def _differences(suggestion: Suggestion) -> Iterator[Part]:
    rows = suggestion.differences[:_DIFFERENCES_SHOWN]
    if rows:
        lines = [Safe("*Different this time:*")]
        lines += [Safe(f"• {words(row.text, 160)}") for row in rows]
        yield 1, lines_section(lines)


def _sure_of(suggestion: Suggestion) -> Safe:
    return Safe(f"{words(suggestion.confidence_words, 60)}, {percent(suggestion.confidence)}")


def _labelled(label: str, text: str, limit: int) -> Safe:
    shown = words(text, limit)
    return Safe(f"*{label}:* {shown}") if shown else Safe("")


def _what_fixed_it(incident: CitedIncident) -> Safe:
    took = incident.duration_seconds
    after = f", after {duration(took)}" if took is not None and took >= 0 else ""
    return Safe(f"*What fixed it{after}:* {words(incident.resolution, 400) or 'not recorded'}")


def _other_environment(incident: CitedIncident) -> Safe:
    if not incident.other_environment:
        return Safe("")
    where = words(incident.environment, 60) or Safe("elsewhere")
    return Safe(f"{WARNING} that was in another environment: {where}")


def _vouched(incident: CitedIncident) -> Safe:
    if not incident.confirmed_by:
        return Safe("")
    return Safe(f"confirmed by {words(spoken_name(incident.confirmed_by), 80)}, not yet curated")


def _other(incident: CitedIncident) -> Safe:
    where = f" [{words(incident.environment, 40)}]" if incident.other_environment else ""
    name = link(incident.url, incident.id, 60)
    return Safe(f"{name} {words(incident.title, 100)}{where}")


def _several_causes(suggestion: Suggestion) -> Iterator[Part]:
    causes = suggestion.causes[:_CAUSES_SHOWN]
    count = _COUNTS.get(len(suggestion.causes), "Several")
    lines = [Safe(f"*{count} causes fit; cannot tell yet.*")]
    urls = {incident.id: incident.url for incident in suggestion.incidents}
    told = _briefly(causes)
    lines += [_cause(cause, brief, urls.get) for cause, brief in zip(causes, told, strict=True)]
    yield 0, lines_section(lines)
    yield from _check_first(suggestion)
    elsewhere = [incident for incident in suggestion.incidents if incident.other_environment]
    if elsewhere:
        ids = join([words(incident.id, 60) for incident in elsewhere[:_CAUSES_SHOWN]], ", ")
        yield 2, context(Safe(f"{WARNING} from another environment: {ids}"))


def _check_first(suggestion: Suggestion) -> Iterator[Part]:
    """What tells the causes apart soonest: the alert's own page knows best, else a cause's."""
    step = suggestion.check_first
    if step is not None and not step.is_code:
        yield 0, section(Safe(f"*Check first:* {markdown(step.text, 300)}"))
        yield 1, context(_source(step, False))
        return
    cause = next((cause for cause in suggestion.causes if cause.check), None)
    if cause is not None:
        yield 0, section(Safe(f"*Check first:* {words(cause.check, 300)}"))


def _cause(cause: Cause, summary: str, url_of: Callable[[str], str | None]) -> Safe:
    ids = join([link(url_of(name), name, 60) for name in cause.incident_ids[:3]], ", ")
    more = f" +{len(cause.incident_ids) - 3}" if len(cause.incident_ids) > 3 else ""
    source = f" ({ids}{more})" if ids else ""
    return Safe(f"• {words(summary, 160)} — {percent(cause.share)} of past cases{source}")


def _briefly(causes: Sequence[Cause]) -> Sequence[str]:
    """What each cause is, in as few words as tell them apart: several are read at a glance."""
    whole = [_first_sentence(_own_words(cause)) for cause in causes]
    heads = [text.partition(": ")[0] for text in whole]
    return [
        head if len(head.split()) >= _HEAD_WORDS and heads.count(head) == 1 else text
        for head, text in zip(heads, whole, strict=True)
    ]


def _own_words(cause: Cause) -> str:
    """The summary without the case it is quoted from, where that case is cited beside it."""
    quoted = _QUOTED.match(cause.summary)
    if quoted is not None and quoted[1] in cause.incident_ids:
        return cause.summary[quoted.end() :]
    return cause.summary


def _first_sentence(text: str) -> str:
    sentence = _SENTENCE_END.split(text.strip(), maxsplit=1)[0]
    return sentence.removesuffix(".") or text


def _runbook_only(suggestion: Suggestion) -> Iterator[Part]:
    said = words(suggestion.headline, 300) or Safe("Not seen before, but a runbook fits.")
    yield 0, section(Safe(f"*{said}*" if "*" not in said else said))


_NOT_SEEN = Safe("*Not seen before.* Nothing on record is close enough to go by.")


def _abstention(suggestion: Suggestion, lead: Safe = _NOT_SEEN) -> Iterator[Part]:
    lines = [lead]
    nearest = suggestion.nearest
    if nearest is not None:
        name = link(nearest.url, nearest.id, 60)
        title = words(nearest.title, 160)
        lines.append(Safe(f"*Nearest:* {name} — {title}"))
        why = join([words(reason, 120) for reason in nearest.why_too_far[:5]], "; ")
        if why:
            lines.append(Safe(f"*Too far, because:* {why}"))
    lines += [_who_knows(suggestion), _changed_last(suggestion)]
    yield 0, lines_section(lines)


def _who_knows(suggestion: Suggestion) -> Safe:
    knows = suggestion.knows
    if knows is None:
        return Safe("")
    people = join([words(name, 60) for name in knows.people], ", ")
    ended = Safe(f"{people} ended it before") if people else Safe("")
    told = join([words(knows.owner, 80), ended], "; ")
    return Safe(f"*Who knows {words(knows.service, 80)}:* {told}")


def _changed_last(suggestion: Suggestion) -> Safe:
    """What happened before, without a word on whether it matters."""
    told = [
        join([link(one.url, what_changed(one), 160), words(when_changed(one), 160)], ", ")
        for one in suggestion.changes[:_CHANGES_SHOWN]
    ]
    return Safe(f"*Changed last:* {join(told, '; ')}") if told else Safe("")


def _steps(suggestion: Suggestion) -> Iterator[Part]:
    """The first steps. A command belongs to the sentence before it and has no number."""
    generic = {passage.document_id for passage in suggestion.passages if passage.generic}
    yield from steps_parts(suggestion.steps[:STEPS_SHOWN], "Try first", generic)


def steps_parts(
    shown: Sequence[Step], title: str, generic: Collection[str] = frozenset()
) -> Iterator[Part]:
    """Steps under a title of ours, each page cited after its last one. `generic` are the ids of
    starter pages."""
    number = 0
    for place, step in enumerate(shown):
        before = shown[place - 1] if place else None
        continues = step.is_code and before is not None and before.citation == step.citation
        number += 0 if continues else 1
        above = "" if place else f"*{title}*\n"
        rank = 2 if place else 1
        yield rank, section(Safe(f"{above}{_step(0 if continues else number, step)}"))
        following = shown[place + 1] if place + 1 < len(shown) else None
        if following is None or following.citation != step.citation:
            yield rank, context(_source(step, step.citation.document_id in generic))


def _step(number: int, step: Step) -> Safe:
    """One step; number 0 shows none."""
    parts = [
        f"{number}." if number else "",
        f"{WARNING} *Destructive:*" if step.destructive else "",
    ]
    lead = " ".join(part for part in parts if part)
    todo = join([words(f"<{name.strip('<>')}>", 60) for name in step.unfilled[:6]], ", ")
    fill = f"\n_fill in yourself:_ {todo}" if todo else ""
    if not step.is_code:
        return Safe(f"{lead} {markdown(step.text, 600)}{fill}")
    fenced = code_block(step.text, _CODE)
    if fenced is None:
        lines = step.text.count("\n") + 1
        where = "it is in the runbook linked below" if step.citation.url else "see the runbook"
        return Safe(f"{lead} a command of {lines} lines, too long to show: {where}".strip())
    return Safe(f"{lead}\n{fenced}{fill}".lstrip("\n"))


def _source(step: Step, is_generic: bool) -> Safe:
    cited = step.citation
    place = f"{cited.title} › {cited.section}" if cited.section else cited.title
    label = " (generic runbook)" if is_generic else ""
    return Safe(f"from {link(cited.url, place, 200)}{label}")


def _further_reading(suggestion: Suggestion) -> Iterator[Part]:
    stepped = {step.citation.document_id for step in suggestion.steps[:STEPS_SHOWN]}
    if suggestion.kind is SuggestionKind.SEVERAL_CAUSES and suggestion.check_first is not None:
        stepped.add(suggestion.check_first.citation.document_id)
    # A page whose steps stand above is cited there already.
    others = [p for p in suggestion.passages if p.document_id not in stepped]
    if others:
        pages = [_page(passage) for passage in others[:_PASSAGES_SHOWN]]
        yield 3, context(Safe("Runbooks: " + join(pages, "; ")))


def _page(passage: CitedPassage) -> Safe:
    place = f"{passage.title} › {passage.section}" if passage.section else passage.title
    return Safe(link(passage.url, place, 120) + (" (generic runbook)" if passage.generic else ""))


_LEADS: dict[SuggestionKind, Callable[[Suggestion], Iterator[Part]]] = {
    SuggestionKind.ONE_CAUSE: _one_cause,
    SuggestionKind.SEVERAL_CAUSES: _several_causes,
    SuggestionKind.RUNBOOK_ONLY: _runbook_only,
    SuggestionKind.ABSTENTION: _abstention,
}
