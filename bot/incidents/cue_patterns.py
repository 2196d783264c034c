"""What people write in an incident channel when something was done or is known: the patterns.

Data, and nothing else: `cues` reads them. All are searched in lower case, in one sentence, with
quotations taken out. A pattern says what a sentence must hold for its kind; `VETOES` what it must
not hold, because then it is a question, a plan, a guess, a doubt, or about another time. Where
the two are in doubt, nothing is found: a wrong proposal at three in the morning costs more than
one that did not come.
"""

from collections.abc import Mapping
from enum import StrEnum


class CueKind(StrEnum):
    """What a message says. The order is the order of worth, where one message says several."""

    ROOT_CAUSE = "root_cause"
    ROLLED_BACK = "rolled_back"
    FAILED_OVER = "failed_over"
    SCALED = "scaled"
    RESTARTED = "restarted"
    MITIGATED = "mitigated"
    STARTED = "started"


FILLERS = r"^(?:(?:ok|okay|so|and|but|fyi|update|done|well|yes|yeah)[,:]? ){1,4}"
"""What a sentence begins with and says nothing by; taken off before it is read."""

# Who did it, before the verb: nobody named ("restarted nginx"), or one word ("marc restarted").
_WHO = (
    r"(?:^|[,:] |\band )(?:so |and |then )?"
    r"(?:[a-z]+(?:'ve| have| has| had)? )?"
    r"(?:(?:just|already|now|also|went ahead and|ended up|had to) ){0,2}"
)
_CLOCK = r"(?:\d{1,2}[:.h]\d{2}(?::\d{2})?|\d{1,2} ?[ap]m|noon|midnight)"

PATTERNS: Mapping[CueKind, tuple[str, ...]] = {
    CueKind.ROOT_CAUSE: (
        r"\broot ?ca(?:us|su)e (?:was|is|found|turned out)\b",
        r"^(?:the )?root ?ca(?:us|su)e ?[:=-] ?\S{3,}",
        r"^(?:rca|cause) ?[:=] ?\S{3,}",
        r"^(?:it|this|that|the (?:outage|incident|issue|problem|failure|spike)|"
        r"(?:all )?(?:these|the) (?:errors|timeouts))? ?(?:was|were|is|are)? ?"
        r"caused by (?:the |a |an )?\S{3,}",
        r"^(?:it )?turn(?:s|ed) out (?:that |to be |it was )?\S{3,}",
        r"\bthe culprit (?:is|was)\b",
        r"^(?:the )?(?:reason|problem|issue) was "
        r"(?!reported|seen|first|gone|fixed|raised|noticed)\S+",
        r"^found it ?[.:,!-]",
        r"^it was the (?!same|first|second|last|only|best|worst|one\b|right"
        r"|wrong)\S+",
    ),
    CueKind.ROLLED_BACK: (
        _WHO + r"ro{1,2}l{1,2}ed (?:(?!out |over |and |but )\S+ ){0,4}?back\b",
        r"\bended up rolling (?:\S+ ){0,3}?back\b",
        _WHO + r"(?:reverted|backed out|undid) (?!to )\S+",
        _WHO + r"reverted to (?:the )?(?:v?\d|old|previous|last|yesterday)",
        r"\b(?:is|are|was|were|got|been) (?:rolled back|reverted|backed out)\b",
        r"\broll ?-?ba?ck (?:is |was )?(?:done|complete|completed|finished|through)\b",
        r"\brevert (?:is |was )?(?:out|done|live|deployed|merged and deployed)\b",
        r"^(?:i |we )?did (?:the|a) roll ?-?back\b",
        r"^(?:we're|we are|we went) back on (?:the )?(?:old|previous|last) \S+",
    ),
    CueKind.FAILED_OVER: (
        _WHO + r"failed (?:\S+ ){0,3}?over\b(?! by)",
        r"\bfail ?-?over (?:is |was )?(?:done|complete|completed|finished)\b",
        _WHO + r"(?:switched|moved|shifted) (?:all |over )*(?:the )?(?:\S+ )?(?:traffic|dns"
        r"|over) ?to ",
        _WHO + r"(?:switched|moved|shifted) (?:\S+ ){0,3}?(?:over )?to (?:the )?(?:\S+ )?"
        r"(?:standby|secondary|replica|backup|other region)",
        _WHO + r"promoted (?:the )?(?:standby|replica|secondary|\S+ replica|replica \S+)",
        _WHO + r"drained \S+",
        r"\b(?:everything|all traffic|traffic) is (?:now )?served from \S+",
        r"\btraffic is (?:now )?on \S+",
    ),
    CueKind.SCALED: (
        _WHO + r"scaled (?:(?:up|out|down|in) )?(?:\S+ ){0,4}?(?:to|by|from|x|up|out|down)\b",
        _WHO + r"scaled (?:up|out|down)\b",
        _WHO + r"(?:bumped|raised|increased|doubled|tripled|upped|lowered) (?:the "
        r"|our )?(?:\S+ ){0,3}?"
        r"(?:pool|limit|limits|memory|cpu|cpus|replicas|concurrency|max\S*|workers|nodes"
        r"|pods|quota)\b",
        _WHO + r"added (?:\d+|two|three|four|five|more|another|a few) (?:more )?(?:\S+ )?"
        r"(?:nodes?|pods?|replicas?|workers?|instances?|hosts?|servers?|cpus?|shards?)\b",
    ),
    CueKind.RESTARTED: (
        _WHO + r"(?:re-?started|bounced|rebooted|recycled|power ?-?cycled|kicked) "
        r"(?!off\b|by\b|again\b|itself\b|on its\b|\d+ times|in the\b|and\b|because\b"
        r"|after\b|every\b)\S+",
        r"\b(?:has|have|had) been (?:restarted|rebooted|bounced)\b",
        r"^(?:i |we )?did a (?:rolling )?restart\b",
        _WHO + r"(?:deleted|killed) (?:the |all |that )?(?:\S+ )?(?:pods?|process|container)\b",
    ),
    CueKind.MITIGATED: (
        r"^(?:(?:it's|its|this is|incident) )?(?:now )?mitigated\b",
        r"\bimpact is over\b",
        r"^(?:we're|we are|it's|its|everything is|service is) (?:all )?"
        r"(?:back|green|restored|fixed|recovered|up and running)(?: again| now)?(?:$|[ ,.!])"
        r"(?!on |in |to |from |at )",
        r"\b(?:errors?|error rate|latency|error rates|p9\d|queue|checkout|traffic) (?:is"
        r"|are|looks?)? ?"
        r"(?:all )?(?:back|down) to (?:normal|baseline|zero)\b",
        r"^fixed(?: now| it| again)?(?:$|[.,!])",
        r"^(?:fully )?recovered (?:at|as of|since)\b",
        r"\b(?:errors?|the errors|timeouts|alerts) (?:have|has|are|is) (?:stopped|gone"
        r"|cleared)\b",
        r"^all clear\b",
        r"\bworkaround is in place\b",
    ),
    CueKind.STARTED: (
        r"^(?:it |this |that |looks like it |(?:the )?(?:problem|issue|outage|incident"
        r"|impact|errors?"
        r"|failures?|timeouts?|spike) )?(?:all )?(?:started|began|begins|starts) "
        r"(?:happening )?(?:at|around|about|with|since|right after|after|shortly after|on"
        r"|~)? ?(?:about )?"
        r"(?:the )?(?:\S+ )?(?:" + _CLOCK + r"|deploy|release|rollout)\b",
        r"^(?:the )?first (?:errors?|alerts?|failures?|timeouts?|reports?)\b.{0,20}\b(?:at"
        r"|around|~) ?" + _CLOCK,
        r"\b(?:failing|broken|down|slow|timing out) since (?:about |around |the )?(?:\S+ )?"
        r"(?:" + _CLOCK + r"|deploy|release|rollout)\b",
        r"^(?:impact|incident|outage) start(?:ed)? ?[:=]? ?.{0,12}" + _CLOCK,
    ),
}

DID_NOT_HELP = (
    r"\b(?:did ?n[o']?t|does ?n[o']?t|did not) (?:help|work|fix|change|do|make)",
    r"\bno (?:change|effect|difference|improvement|luck|help)\b",
    r"\b(?:did|changed|fixed) nothing\b",
    r"\bhad no\b",
    r"\bstill (?:broken|failing|down|slow|the same|seeing|getting|no|not|happening|bad|see"
    r"|see?ing)\b",
    r"\b(?:it's|its|is|are) still\b",
    r"\bsame (?:errors?|thing|problem|issue|result)\b",
    r"\b(?:made|makes|got|even) (?:it |things )?worse\b",
    r"\bto no avail\b",
)
"""Of the whole message: it was done, and is no fix."""

VETOES = (
    # denied
    r"\b(?:not|never|no|nobody|none|nothing|neither|nor|without|cannot|hardly)\b",
    r"n't\b",
    r"\b(?:dont|didnt|doesnt|wont|cant|isnt|wasnt|hasnt|havent|wouldnt|couldnt|shouldnt|arent)\b",
    r"\b(?:tbd|unknown|unclear|pending|n/a|tba|investigating|\?\?+)\b",
    # asked
    r"^(?:(?:wait|hey|hm+),? )?(?:should|shall|can|could|would|will|did"
    r"|does|do|has|have"
    r"|is|are|was|were|who|what|when|where|why|how|which|since when|any|anyone|anybody|whether)\b"
    r"(?! (?:the |a )(?:rolling |full )?(?:roll ?-?back|restart|fail ?-?over))",
    r"\b(?:whether|any idea|anyone|anybody|ask|asks|wonder|wondering|curious|confirm|right\?)\b",
    # supposed, hoped, or somebody's guess
    r"\b(?:if|unless|suppose|supposing|assume|assuming|hypothetically|otherwise|either"
    r"|in case)\b",
    r"\b(?:would|could|should|might|may|maybe|perhaps|probably|possibly|likely|must have"
    r"|can be)\b",
    r"\b(?:i think|think that|guess|suspect|suspecting|believe|feel like|seems|doubt|hope"
    r"|hoping|wish"
    r"|theory|hypothesis|not sure|unsure|i'd)\b",
    # planned, or on its way
    r"\b(?:will|gonna|going to|about to|plan|planning|planned|scheduled|want to|wanted to|need to"
    r"|needs to|have to|let's|lets|let me|let us|in progress|ready to|ok to|trying|try to|tried"
    r"|please|pls|remember to|tell|once|until|before|when|as soon as|requesting|request|approval"
    r"|waiting|while|instead of|rather)\b",
    r"\w'll\b",
    r"\b(?:i'm|we're|im|we are|i am|currently|now) (?:rolling|restarting|scaling|failing"
    r"|reverting)",
    r"\b(?:rolling|restarting|scaling|reverting|failing over)\b.{0,20}\bnow\b",
    # went wrong
    r"\b(?:failed|fails|failing)\b(?! (?:\S+ ){0,3}?over\b)(?! since)",
    r"\b(?:is stuck|got stuck|hangs|hung|timed out|blocked|aborted|crashloop)\b",
    # by itself
    r"\b(?:by itself|by themselves|on its own|on their own|automatically|autoscaler|keeps"
    r"|times|again and)\b",
    # another time, or another incident
    r"\b(?:last (?:time|week|month|year|incident|outage|quarter)|back then|back in"
    r"|previously|years? ago"
    r"|in the past|the other day|always|every time|usually|normally)\b",
    r"^(?:yesterday|on \w+day)\b|\byesterday (?:we|i|they|it)\b",
    r"\bin (?:january|february|march|april|may|june|july|august|september|october|november"
    r"|december)\b",
    r"\b(?:inc|rcl)-\d",
    r"\b(?:runbook|doc|docs|wiki|playbook|postmortem|article|page) (?:says|said|mentions)\b",
)
"""Of the sentence with the cue; any of them, and the sentence says nothing."""
