"""The traps that cost most when they are found late, and which test keeps us out of each."""

import importlib

import pytest

# What the trap is, and the tests that cover it as module::test.
TRAPS: dict[str, tuple[str, ...]] = {
    "1 a sparse update through QuickBooks' SDK wipes what it does not name": (
        "providers.quickbooks.test_traps::test_trap_1_an_update_with_only_the_changed_fields_leaves_every_other_as_it_was",
    ),
    "2 a 429 of QuickBooks is not recognisable as such": (
        "providers.quickbooks.test_traps::test_trap_2_we_wait_for_a_429_in_all_four_shapes",
        "contract.test_waiting::test_a_long_wish_to_wait_frees_the_worker_and_holds_back_all_others",
    ),
    "3 QuickBooks' packages wait for ever for a dead peer": (
        "providers.quickbooks.test_traps::test_trap_3_the_sdk_waits_for_ever_and_we_do_not",
        "contract.test_waiting::test_an_answer_that_does_not_come_ends_with_the_deadline",
    ),
    "4 building QuickBooks' clients makes calls and uses refresh tokens up": (
        "providers.quickbooks.test_traps"
        "::test_trap_4_building_the_sdk_s_sign_in_makes_a_call_and_building_ours_makes_none",
        "contract.test_access::test_access_that_is_over_is_renewed_by_one_call_and_the_new_one_is_shown",
    ),
    "5 QuickBooks' SDK refuses plain http, and so the sandbox": (
        "providers.quickbooks.test_traps::test_trap_5_the_sdk_refuses_the_local_sandbox_and_we_need_no_variable_for_it",
    ),
    "6 Square's pager stops at an empty page although more follow": (
        "providers.test_square_streams::test_empty_pages_with_a_cursor_do_not_end_a_read",
    ),
    "7 Stripe's SDK does not try again, least of all after a 429": (
        "providers.stripe.test_traps::test_trap_7_the_sdk_does_not_try_again_after_a_429_but_a_read_of_ours_does",
        "contract.test_waiting::test_a_short_wish_to_wait_is_met_before_the_next_call",
    ),
    "8 Square's SDK tries again by itself and sleeps in the worker": (
        "contract.test_waiting::test_a_short_trouble_is_bridged_inside_the_call",
        "contract.test_waiting::test_a_long_wish_to_wait_frees_the_worker_and_holds_back_all_others",
    ),
    "9 Mailchimp's SDK takes an error without a body for an answer": (
        "providers.mailchimp.test_traps"
        "::test_trap_9_an_error_with_an_empty_body_is_an_answer_to_the_sdk_and_an_error_to_us",
        "providers.mailchimp.test_traps::test_trap_9_a_403_without_a_body_asks_us_to_slow_down",
    ),
    "10 what changed in 2026: signed webhooks, new shapes, refresh tokens that end, metered reads": (
        "providers.quickbooks.test_auth::test_a_code_gives_access_to_the_company_that_was_picked",
        "providers.quickbooks.test_webhooks::test_one_delivery_may_speak_of_several_companies",
        "providers.quickbooks.test_webhooks::test_an_event_of_the_old_shape_is_told_apart_by_what_it_says",
        "providers.mailchimp.test_traps"
        "::test_trap_10_webhooks_are_signed_now_and_old_ones_without_a_signature_do_not_pass",
        "providers.quickbooks.test_traps"
        "::test_trap_10_reads_are_counted_against_an_allowance_of_ours_and_its_end_waits",
    ),
}


def test_there_are_ten() -> None:
    assert [trap.split()[0] for trap in TRAPS] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_is_covered_by_a_test_that_exists(trap: str) -> None:
    for place in TRAPS[trap]:
        module, _, name = place.partition("::")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), name, None)), place
