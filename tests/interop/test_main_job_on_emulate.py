"""The main job once more, on a Slack service that others wrote: the same tests, the same bot.

Left out are those that need Socket Mode or trouble on demand, which emulate does not have.
"""

import pytest

from tests.scenario.test_main_job import (  # noqa: F401 - collected here again
    test_a_body_that_cannot_be_read_is_kept_and_harms_no_other,
    test_a_direct_message_is_answered_in_its_thread,
    test_a_redelivered_question_is_answered_once,
    test_alice_finds_it_helpful_once_however_often_she_clicks,
    test_an_alert_fires_and_the_channel_sees_one_card,
    test_asked_about_it_the_bot_says_that_it_does_not_know,
    test_hostile_words_in_a_known_alert_stay_words,
    test_resolved_like_this_is_remembered_and_found_next_time,
    test_several_causes_are_shown_as_several_until_the_log_tells,
    test_talk_that_is_not_meant_for_the_bot_is_left_alone,
    test_the_same_alert_again_changes_nothing,
    test_what_was_never_seen_is_met_with_silence,
    test_when_it_resolves_the_card_says_so_in_place,
)

pytestmark = [pytest.mark.interop, pytest.mark.model]
