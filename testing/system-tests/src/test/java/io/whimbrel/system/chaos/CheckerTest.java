package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.system.chaos.Entry.Accepted;
import io.whimbrel.system.chaos.Entry.Acked;
import io.whimbrel.system.chaos.Entry.Came;
import io.whimbrel.system.chaos.Entry.CanaryCame;
import io.whimbrel.system.chaos.Entry.CanarySent;
import io.whimbrel.system.chaos.Entry.Closed;
import io.whimbrel.system.chaos.Entry.Coming;
import io.whimbrel.system.chaos.Entry.Crashed;
import io.whimbrel.system.chaos.Entry.Healed;
import io.whimbrel.system.chaos.Entry.NeverReady;
import io.whimbrel.system.chaos.Entry.Polled;
import io.whimbrel.system.chaos.Entry.Promoted;
import io.whimbrel.system.chaos.Entry.ReceiptTold;
import io.whimbrel.system.chaos.Entry.ReceiptUntold;
import io.whimbrel.system.chaos.Entry.Refused;
import io.whimbrel.system.chaos.Entry.SlotMoved;
import io.whimbrel.system.chaos.Entry.Stalled;
import io.whimbrel.system.chaos.Entry.Struck;
import io.whimbrel.system.chaos.Entry.ToldLost;
import io.whimbrel.system.chaos.Entry.Written;
import io.whimbrel.system.chaos.Fault.Kind;
import io.whimbrel.system.chaos.Violation.Rule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checker is not blind: of each rule a ledger that keeps it, and one that does not. */
class CheckerTest {
    private static final String ANNA = "anna";
    private static final Client PHONE = new Client("phone", ANNA);
    private static final Client LAPTOP = new Client("laptop", ANNA);
    private static final String E1 = "epoch-1";
    private static final String E2 = "epoch-2";
    private static final String WEB = "web 0";
    private static final String GATEWAY = "gateway 0";
    private static final Canary CANARY = new Canary(GATEWAY, 0);
    private static final Canary OTHER_SHARD = new Canary(GATEWAY, 1);

    private final List<Entry> ledger = new ArrayList<>();
    private long now = 1_000;

    /** Writes letters 1 to that many to Anna, and accepts them as m1, m2 … */
    private void accept(int count) {
        accept(1, count);
    }

    private void accept(int first, int last) {
        for (int letter = first; letter <= last; letter++) {
            write(letter);
            ledger.add(new Accepted(now++, letter, ANNA, "m" + letter));
        }
    }

    private void write(long letter) {
        ledger.add(new Written(now++, letter, ANNA));
    }

    private void show(int session, long letter, String epoch, long offset) {
        came(session, "m" + letter, letter, epoch, offset, true);
    }

    private void came(int session, String id, long letter, String epoch, long offset, boolean shown) {
        ledger.add(new Came(now++, PHONE, session, id, letter, epoch, offset, shown));
    }

    private void tell(int session, String epoch, long offset) {
        ledger.add(new ToldLost(now++, PHONE, session, epoch, offset));
    }

    private void showOnLaptop(int session, long letter, String epoch, long offset) {
        ledger.add(new Came(now++, LAPTOP, session, "m" + letter, letter, epoch, offset, true));
    }

    private Findings check() {
        return Checker.check(ledger, Demands.USUAL);
    }

    private static List<Rule> rules(Findings findings) {
        return findings.violations().stream().map(Violation::rule).toList();
    }

    @Test
    void aRunInWhichAllIsWellHasNoViolations() {
        accept(3);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        came(2, "m2", 2, E1, 2, false);
        show(2, 3, E1, 3);

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.accepted()).isEqualTo(3);
        assertThat(findings.delivered()).isEqualTo(3);
        assertThat(findings.repeated()).isEqualTo(1);
        assertThat(findings.lost()).isZero();
    }

    @Test
    void whatWasAcceptedAndNeverCameIsLost() {
        accept(2);
        show(1, 1, E1, 1);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.LOST);
        assertThat(findings.lost()).isEqualTo(1);
        assertThat(findings.lostAndTold()).isZero();
    }

    @Test
    void whatWasAcceptedForSomebodyWhoNeverCameIsLost() {
        accept(1);

        assertThat(rules(check())).containsExactly(Rule.LOST);
    }

    @Test
    void eachClientOfAnAddressGetsAll() {
        accept(2);
        show(1, 1, E1, 1);
        showOnLaptop(1, 1, E1, 1);
        show(1, 2, E1, 2);
        showOnLaptop(2, 2, E1, 2);

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.accepted()).isEqualTo(2);
        assertThat(findings.delivered()).isEqualTo(4);
        assertThat(findings.duplicated()).isZero();
    }

    @Test
    void whatOneClientOfAnAddressMissesIsLostThoughAnotherHasIt() {
        accept(2);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        showOnLaptop(1, 1, E1, 1);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.LOST);
        assertThat(findings.lost()).isEqualTo(1);
        assertThat(findings.violations().getFirst().evidence()).contains("m2", LAPTOP.toString(), "in silence");
    }

    @Test
    void whoCameAndHadNothingMissesAll() {
        accept(2);
        ledger.add(new Coming(now++, LAPTOP, 1, "", 0));
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.LOST, Rule.LOST);
        assertThat(findings.lost()).isEqualTo(2);
    }

    @Test
    void whatOneClientWasToldIsNotToldToAnother() {
        accept(2);
        showOnLaptop(1, 1, E1, 1);
        tell(1, E1, 2);

        Findings findings = check();

        assertThat(findings.lost()).isEqualTo(3);
        assertThat(findings.lostAndTold()).isEqualTo(2);
    }

    @Test
    void eachClientOfAnAddressIsToHaveItInOrder() {
        accept(2);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        showOnLaptop(1, 2, E1, 2);
        showOnLaptop(1, 1, E1, 1);

        assertThat(rules(check())).containsExactly(Rule.PASSED_OVER, Rule.OUT_OF_ORDER);
    }

    @Test
    void anOffsetThatIsAnotherOneForAnotherClientIsFound() {
        accept(2);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        showOnLaptop(1, 2, E1, 1);
        showOnLaptop(1, 1, E1, 2);

        assertThat(rules(check())).containsExactly(Rule.OFFSET_USED_TWICE, Rule.OFFSET_USED_TWICE);
    }

    @Test
    void aLetterUnderAnotherIdForAnotherClientIsFoundToo() {
        accept(1);
        show(1, 1, E1, 1);
        ledger.add(new Came(now++, LAPTOP, 1, "never accepted", 1, E2, 1, true));
        showOnLaptop(1, 1, E2, 2);

        Findings findings = Checker.check(ledger, Demands.USUAL.withOneIdEach());

        assertThat(rules(findings)).containsExactly(Rule.SHOWN_UNDER_TWO_IDS);
        assertThat(findings.shownBeforeAccepted()).isEqualTo(1);
    }

    @Test
    void aLossThatTheClientWasToldOfIsALossAllTheSame() {
        accept(2);
        show(1, 1, E1, 1);
        tell(1, E1, 2);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.LOST);
        assertThat(findings.lostAndTold()).isEqualTo(1);
        assertThat(findings.announcements()).isEqualTo(1);
        assertThat(findings.announcedWithoutLoss()).isZero();
    }

    @Test
    void anAnnouncementWithoutALossIsCountedAndNoViolation() {
        accept(1);
        show(1, 1, E1, 1);
        tell(1, E2, 0);

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.announcedWithoutLoss()).isEqualTo(1);
    }

    @Test
    void whoLeavesWhileAllComesAgainGoesOnAtItsCursor() {
        leavesWhileAllComesAgain();
        ledger.add(new Coming(now++, PHONE, 3, "", 0));
        show(3, 4, E2, 4);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void butWithItsPositionWhereItLeft() {
        leavesWhileAllComesAgain();
        ledger.add(new Coming(now++, PHONE, 3, E2, 1));
        show(3, 4, E2, 4);

        assertThat(rules(check())).containsExactly(Rule.PASSED_OVER);
    }

    /** It had three, and has got the first one once more. */
    private void leavesWhileAllComesAgain() {
        accept(4);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        show(1, 3, E1, 3);
        tell(2, E2, 0);
        came(2, "m1", 1, E2, 1, false);
    }

    @Test
    void whatIsOlderThanWhatIsKeptAndAnnouncedIsExpired() {
        accept(4);
        show(1, 1, E1, 1);
        tell(2, E1, 2);
        show(2, 3, E1, 3);
        show(2, 4, E1, 4);

        Findings findings = Checker.check(ledger, Demands.USUAL.withKept(2));

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.expired()).isEqualTo(1);
        assertThat(findings.lost()).isZero();
        assertThat(findings.announcedWithoutLoss()).isZero();
    }

    @Test
    void silenceAboutWhatExpiredIsFound() {
        accept(4);
        show(1, 1, E1, 1);
        show(2, 3, E1, 3);
        show(2, 4, E1, 4);

        Findings findings = Checker.check(ledger, Demands.USUAL.withKept(2));

        assertThat(rules(findings)).containsExactlyInAnyOrder(Rule.LOST, Rule.PASSED_OVER);
    }

    @Test
    void anAnnouncementIsNoExcuseForWhatIsStillKept() {
        accept(4);
        show(1, 1, E1, 1);
        tell(2, E1, 3);
        show(2, 4, E1, 4);

        Findings findings = Checker.check(ledger, Demands.USUAL.withKept(2));

        assertThat(rules(findings)).containsExactly(Rule.LOST);
        assertThat(findings.violations().getFirst().evidence()).contains("m3");
        assertThat(findings.expired()).isEqualTo(1);
    }

    @Test
    void norIsALaterOneOfOthers() {
        accept(3);
        show(1, 1, E1, 1);
        tell(2, E1, 2);
        show(2, 3, E1, 3);
        accept(4, 7);
        tell(3, E1, 5);
        show(3, 6, E1, 6);
        show(3, 7, E1, 7);

        Findings findings = Checker.check(ledger, Demands.USUAL.withKept(2));

        assertThat(rules(findings)).containsExactly(Rule.LOST);
        assertThat(findings.violations().getFirst().evidence()).contains("m2");
        assertThat(findings.expired()).isEqualTo(2);
    }

    /** It was told of another loss before, and of this one not. */
    @Test
    void anEarlierAnnouncementSaysNothingOfWhatExpiredLater() {
        tell(1, E1, 0);
        accept(4);
        show(1, 1, E1, 1);
        show(2, 3, E1, 3);
        show(2, 4, E1, 4);

        Findings findings = Checker.check(ledger, Demands.USUAL.withKept(2));

        assertThat(rules(findings)).containsExactlyInAnyOrder(Rule.LOST, Rule.PASSED_OVER);
    }

    @Test
    void whatNobodyAcceptedMayComeOrNot() {
        write(1);
        write(2);
        show(1, 1, E1, 1);

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.neverAccepted()).isEqualTo(2);
    }

    @Test
    void whatIsShownTwiceIsDuplicated() {
        accept(1);
        show(1, 1, E1, 1);
        tell(1, E2, 0);
        show(1, 1, E2, 1);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.DUPLICATED);
        assertThat(findings.duplicated()).isEqualTo(1);
    }

    @Test
    void aLetterUnderTwoIdsOfWhichOneWasAcceptedIsCountedApart() {
        accept(1);
        came(1, "never accepted", 1, E1, 1, true);
        show(1, 1, E1, 2);

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.duplicated()).isZero();
        assertThat(findings.shownBeforeAccepted()).isEqualTo(1);
    }

    @Test
    void aLetterUnderTwoIdsIsAViolationWhereTheFileIsWrittenFirst() {
        accept(1);
        came(1, "never accepted", 1, E1, 1, true);
        show(1, 1, E1, 2);

        Findings findings = Checker.check(ledger, Demands.USUAL.withOneIdEach());

        assertThat(rules(findings)).containsExactly(Rule.SHOWN_UNDER_TWO_IDS);
        assertThat(findings.shownBeforeAccepted()).isEqualTo(1);
    }

    @Test
    void anotherOrderOnOneConnectionIsFound() {
        accept(2);
        show(1, 1, E1, 1);
        show(1, 2, E1, 2);
        came(1, "m1", 1, E1, 1, false);

        assertThat(rules(check())).containsExactly(Rule.OUT_OF_ORDER);
    }

    @Test
    void offsetsThatAreLeftOutInSilenceAreFound() {
        accept(1);
        show(1, 1, E1, 1);
        write(7);
        came(2, "never accepted", 7, E1, 3, true);

        assertThat(rules(check())).containsExactly(Rule.PASSED_OVER);
    }

    @Test
    void soIsABeginningThatIsLeftOut() {
        accept(1);
        show(1, 1, E1, 2);

        assertThat(rules(check())).containsExactly(Rule.PASSED_OVER);
    }

    @Test
    void offsetsThatWereAnnouncedAsLostAreNotPassedOver() {
        write(7);
        tell(1, E1, 4);
        came(1, "never accepted", 7, E1, 5, true);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void offsetsThatBeginAnewInSilenceAreFound() {
        accept(2);
        show(1, 1, E1, 1);
        show(2, 2, E2, 1);

        assertThat(rules(check())).containsExactly(Rule.NEW_EPOCH_UNSAID);
    }

    @Test
    void aNewEpochGoesOnWithTheOffsets() {
        accept(2);
        show(1, 1, E1, 1);
        show(2, 2, E2, 2);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void aNewEpochMayGiveAnewTheOffsetOfWhatWasNeverAccepted() {
        accept(2);
        show(1, 1, E1, 1);
        write(7);
        came(1, "never accepted", 7, E1, 2, true);
        show(2, 2, E2, 2);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void offsetsThatANewEpochLeavesOutAreFound() {
        accept(2);
        show(1, 1, E1, 1);
        show(2, 2, E2, 3);

        assertThat(rules(check())).containsExactly(Rule.PASSED_OVER);
    }

    @Test
    void anOffsetThatIsUsedTwiceIsFound() {
        accept(2);
        show(1, 1, E1, 1);
        came(1, "m2", 2, E1, 1, false);

        assertThat(rules(check())).containsExactlyInAnyOrder(Rule.LOST, Rule.OFFSET_USED_TWICE, Rule.OUT_OF_ORDER);
    }

    @Test
    void somebodyElsesMessageIsFound() {
        ledger.add(new Written(now++, 1, "bert"));
        came(1, "m1", 1, E1, 1, true);

        assertThat(rules(check())).containsExactly(Rule.NOT_WHAT_WAS_SENT);
    }

    @Test
    void anotherMessageUnderTheSameIdIsFound() {
        accept(1);
        write(2);
        came(1, "m1", 2, E1, 1, true);

        assertThat(rules(check())).containsExactly(Rule.NOT_WHAT_WAS_SENT);
    }

    @Test
    void refusalsCrashesAndPartsThatStayAwayAreFound() {
        ledger.add(new Refused(now++, 1, 422, "idempotency-mismatch"));
        ledger.add(new Crashed(now++, GATEWAY, "OutOfMemoryError"));
        ledger.add(new NeverReady(now++, WEB, "Redis is away"));

        assertThat(rules(check())).containsExactly(Rule.REFUSED, Rule.CRASHED, Rule.NEVER_READY);
    }

    @Test
    void receiptsThatTellWhatHappenedAreTrue() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        receipt(1, 1, 0);
        ledger.add(new Acked(now++, PHONE, E1, 1));
        receipt(1, 1, 1);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void aPositionIsAnAcknowledgement() {
        accept(1);
        show(1, 1, E1, 1);
        ledger.add(new Coming(now++, PHONE, 2, E1, 1));
        receipt(1, 1, 1);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void aReceiptOfAnAcknowledgementThatWasNotGivenIsFalse() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        receipt(1, 1, 1);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void anAcknowledgementInAnEarlierEpochSaysNothingOfALaterOne() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        ledger.add(new Acked(now++, PHONE, E1, 1));
        show(1, 1, E2, 1);
        receipt(1, 1, 1);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void anAcknowledgementInALaterEpochTellsOfWhatCameInAnEarlierOne() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        ledger.add(new Acked(now++, PHONE, E2, 1));
        receipt(1, 1, 1);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void aReceiptOfMoreSessionsThanTheClientBeganIsFalse() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        receipt(2, 1, 0);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void aReceiptOfMoreThatHaveItThanWereGivenItIsFalse() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        ledger.add(new Coming(now++, PHONE, 2, "", 0));
        show(1, 1, E1, 1);
        ledger.add(new Acked(now++, PHONE, E1, 1));
        receipt(2, 2, 2);
        receipt(1, 2, 0);
        receipt(1, 0, 1);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT, Rule.FALSE_RECEIPT);
    }

    @Test
    void aConnectionThatHadEndedBeforeTheMessageWasWrittenHasNoPartInItsReceipt() {
        ledger.add(new Coming(now, PHONE, 1, "", 0));
        ledger.add(new Closed(now + 5, PHONE, 1, "1001 going away"));
        ledger.add(new Coming(now + 10, PHONE, 2, "", 0));
        now += 100;
        accept(1);
        show(2, 1, E1, 1);
        receipt(2, 1, 0);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void oneThatBrokeMayBeTakenForALivingOneUntilItsPongIsMissed() {
        ledger.add(new Coming(now, PHONE, 1, "", 0));
        ledger.add(new Closed(now + 5, PHONE, 1, "java.io.IOException: reset"));
        ledger.add(new Coming(now + 10, PHONE, 2, "", 0));
        now += 5_000;
        accept(1);
        show(2, 1, E1, 1);
        receipt(2, 1, 0);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void butNotForEver() {
        ledger.add(new Coming(now, PHONE, 1, "", 0));
        ledger.add(new Closed(now + 5, PHONE, 1, "1006 "));
        ledger.add(new Coming(now + 10, PHONE, 2, "", 0));
        now += 15_000;
        accept(1);
        show(2, 1, E1, 1);
        receipt(2, 1, 0);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void whoComesLongAfterItHadTheMessageHasNoPartInItsReceiptEither() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        now += 15_000;
        ledger.add(new Coming(now++, PHONE, 2, E1, 1));
        receipt(2, 1, 0);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void aReceiptCountsTheSessionsOfAllClientsOfAnAddress() {
        bothHaveIt();
        ledger.add(new Acked(now++, PHONE, E1, 1));
        ledger.add(new Acked(now++, LAPTOP, E1, 1));
        receipt(2, 2, 2);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void butNoMoreThanThoseTogether() {
        bothHaveIt();
        receipt(3, 2, 0);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    @Test
    void oneClientsAcknowledgementIsNotThatOfAnother() {
        bothHaveIt();
        ledger.add(new Acked(now++, PHONE, E1, 1));
        receipt(2, 2, 1);
        receipt(2, 2, 2);

        assertThat(rules(check())).containsExactly(Rule.FALSE_RECEIPT);
    }

    private void bothHaveIt() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        ledger.add(new Coming(now++, LAPTOP, 1, "", 0));
        show(1, 1, E1, 1);
        showOnLaptop(1, 1, E1, 1);
    }

    @Test
    void receiptsThatWereAskedForInVainAreCounted() {
        ledger.add(new ReceiptUntold(now++, "m1", 404, "unknown"));

        Findings findings = check();

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.receiptsUntold()).isEqualTo(1);
    }

    /** As of a gateway that lived on while another one, which knew more, was killed. */
    @Test
    void aReceiptMayKnowLessThanHappened() {
        accept(1);
        ledger.add(new Coming(now++, PHONE, 1, "", 0));
        show(1, 1, E1, 1);
        ledger.add(new Acked(now++, PHONE, E1, 1));
        receipt(1, 0, 0);
        receipt(0, 0, 0);

        assertThat(check().violations()).isEmpty();
    }

    private void receipt(int sessions, int written, int acked) {
        ledger.add(new ReceiptTold(now++, ANNA, "m1", sessions, written, acked));
    }

    /** Ten seconds in which both parts say they are ready and canaries are sent, but answered and delivered only sometimes. */
    private void tenSeconds(int status, long silentFrom, long silentTo) {
        tenSeconds(status, false, silentFrom, silentTo);
    }

    private void tenSeconds(int status, boolean lacksReplicas, long silentFrom, long silentTo) {
        tenSeconds(status, lacksReplicas, silentFrom, silentTo, List.of(CANARY));
    }

    /** @param canaries of which only the last one is silent */
    private void tenSeconds(int status, boolean lacksReplicas, long silentFrom, long silentTo, List<Canary> canaries) {
        for (long at = 0; at < 10_000; at += 100) {
            for (Canary canary : canaries) {
                boolean silent = at >= silentFrom && at < silentTo && canary.equals(canaries.getLast());
                ledger.add(new CanarySent(at + 5, at, WEB, canary, silent ? status : 200, silent && lacksReplicas));
                if (!silent) {
                    ledger.add(new CanaryCame(at + 10, at, canary));
                }
            }
            if (at % 500 == 0) {
                ledger.add(new Polled(at + 20, WEB, 200));
                ledger.add(new Polled(at + 21, GATEWAY, 200));
            }
        }
    }

    @Test
    void aShortSilenceIsNoFalseReadiness() {
        tenSeconds(200, 3_000, 6_000);

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void aGatewayThatIsReadyWhileNothingArrivesLies() {
        tenSeconds(200, 3_000, 7_000);

        Findings findings = check();

        assertThat(rules(findings)).containsExactly(Rule.FALSE_READINESS);
        assertThat(findings.violations().getFirst().evidence()).contains(GATEWAY);
    }

    @Test
    void aRunMayAllowLongerSilencesButNotAll() {
        tenSeconds(200, 2_000, 8_000);

        assertThat(Checker.check(ledger, Demands.USUAL.withReadiness(7_000, 0)).violations())
                .isEmpty();
        assertThat(rules(Checker.check(ledger, Demands.USUAL.withReadiness(5_000, 0))))
                .containsExactly(Rule.FALSE_READINESS);
    }

    @Test
    void bothLieWhenNothingIsAcceptedAndNothingArrives() {
        tenSeconds(503, 3_000, 7_000);

        assertThat(rules(check())).containsExactly(Rule.FALSE_READINESS, Rule.FALSE_READINESS);
    }

    @Test
    void onlyWebServersAnswerForALackOfReplicas() {
        tenSeconds(503, true, 3_000, 7_000);

        List<Violation> violations = check().violations();

        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().evidence()).contains(WEB);
    }

    /** While a replica takes over web servers lose their connections; then there is none to wait for. */
    @Test
    void norDoGatewaysForTheMomentBeforeThat() {
        tenSeconds(503, true, 3_000, 7_000);
        ledger.replaceAll(entry -> entry instanceof CanarySent sent && sent.lacksReplicas() && sent.at() < 4_000
                ? new CanarySent(sent.at(), sent.startedAt(), sent.web(), sent.canary(), sent.status(), false)
                : entry);

        List<Violation> violations = check().violations();

        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().evidence()).contains(WEB);
    }

    @Test
    void aShardFromWhichAGatewayAloneHearsNothingIsFound() {
        tenSeconds(200, false, 3_000, 7_000, List.of(CANARY, OTHER_SHARD));

        List<Violation> violations = check().violations();

        assertThat(violations).extracting(Violation::rule).containsExactly(Rule.FALSE_READINESS);
        assertThat(violations.getFirst().evidence()).startsWith(GATEWAY).contains("delivered", "gateway 0 on shard 1");
    }

    @Test
    void aShardForWhichAWebServerTakesNothingIsFound() {
        tenSeconds(503, false, 3_000, 7_000, List.of(CANARY, OTHER_SHARD));

        List<Violation> violations = check().violations();

        assertThat(violations).extracting(Violation::rule).containsExactly(Rule.FALSE_READINESS, Rule.FALSE_READINESS);
        assertThat(violations)
                .extracting(Violation::evidence)
                .allMatch(evidence -> evidence.contains("gateway 0 on shard 1"))
                .anyMatch(evidence -> evidence.startsWith(WEB) && evidence.contains("accepted"));
    }

    /** What came to the canary at another gateway says nothing of this one, whatever its shard. */
    @Test
    void aGatewayIsJudgedByItsOwnCanaries() {
        tenSeconds(200, false, 3_000, 7_000, List.of(new Canary("gateway 1", 0), CANARY));

        List<Violation> violations = check().violations();

        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().evidence()).startsWith(GATEWAY);
    }

    @Test
    void onlyWebServersAnswerForAShardThatLacksReplicas() {
        tenSeconds(503, true, 3_000, 7_000, List.of(CANARY, OTHER_SHARD));

        List<Violation> violations = check().violations();

        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().evidence()).startsWith(WEB).contains("gateway 0 on shard 1");
    }

    @Test
    void aGatewayDoesNotAnswerForAWebServerThatIsHarmed() {
        Fault fault = new Fault(0, Kind.CUT, WEB + " to redis", 1_000);
        ledger.add(new Struck(3_000, 0, fault));
        tenSeconds(503, 3_000, 7_000);
        ledger.add(new Healed(7_000, 0, fault));

        List<Violation> violations = check().violations();

        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().evidence()).contains(WEB);
    }

    @Test
    void whoSaysThatItIsNotReadyDoesNotLie() {
        tenSeconds(503, 3_000, 7_000);
        ledger.add(new Polled(5_000, WEB, 503));
        ledger.add(new Polled(5_000, GATEWAY, 503));
        ledger.sort((one, other) -> Long.compare(one.at(), other.at()));

        assertThat(check().violations()).isEmpty();
    }

    @Test
    void whatWasNotSeenSinceTheRunItselfStoodStillProvesNothing() {
        tenSeconds(503, 3_000, 7_000);
        ledger.add(new Stalled(6_000, 4_000));

        Findings findings = Checker.check(ledger, Demands.USUAL.withReadiness(ReadinessRule.LIMIT_MILLIS, 0.5));

        assertThat(findings.violations()).isEmpty();
        assertThat(findings.stalls()).isEqualTo(1);
        assertThat(findings.readinessJudged()).isBetween(0.55, 0.60);
    }

    @Test
    void aRunThatSawTooLittleProvesNothing() {
        tenSeconds(503, 3_000, 7_000);
        ledger.add(new Stalled(6_000, 4_000));

        assertThat(rules(check())).containsExactly(Rule.READINESS_UNSEEN);
    }

    @Test
    void aStallIsUnseenAlsoWhereNothingWasSilent() {
        tenSeconds(200, 0, 0);
        ledger.add(new Stalled(6_000, 4_000));
        ledger.add(new Stalled(6_500, 5_500));

        Findings findings = check();

        assertThat(findings.stalls()).isEqualTo(2);
        assertThat(findings.readinessJudged()).isBetween(0.72, 0.75);
    }

    @Test
    void pollsThatAreFarApartLeaveUnseenWhatWasBetweenThem() {
        ledger.add(new Polled(0, WEB, 200));
        ledger.add(new Polled(1_000, WEB, 200));
        ledger.add(new Polled(5_000, WEB, 200));

        assertThat(check().readinessJudged()).isEqualTo(0.2);
    }

    @Test
    void promotionsAndMovedSlotsAreCountedApartFromWhatWasMeantToCauseThem() {
        ledger.add(new Struck(now++, 0, new Fault(0, Kind.KILL_REDIS, "redis 0", 500)));
        ledger.add(new Promoted(now++, "redis 1"));
        ledger.add(new Struck(now++, 1, new Fault(0, Kind.MOVE_SLOT, "redis as a whole", 0)));
        ledger.add(new SlotMoved(now++));
        ledger.add(new Struck(now++, 2, new Fault(0, Kind.MOVE_SLOT, "redis as a whole", 0)));
        ledger.add(new Struck(now++, 3, new Fault(0, Kind.CUT, "way to redis 0", 500)));

        Findings findings = check();

        assertThat(findings.promotions()).isEqualTo(1);
        assertThat(findings.slotMoves()).isEqualTo(1);
        assertThat(findings.redisFaults()).isEqualTo(3);
    }

    @Test
    void whatOneShardStoodStillForIsTheTimeToRecoverToo() {
        ledger.add(new Struck(3_000, 0, new Fault(0, Kind.KILL_REDIS, "redis 1", 500)));
        tenSeconds(200, false, 3_000, 5_000, List.of(CANARY, OTHER_SHARD));

        assertThat(check().recoveryMillis()).containsExactly(2_010L);
    }

    @Test
    void theTimeToRecoverIsFromTheFaultToTheNextCanary() {
        Fault fault = new Fault(0, Kind.KILL_GATEWAY, GATEWAY, 500);
        ledger.add(new Struck(3_000, 0, fault));
        tenSeconds(200, 3_000, 5_000);
        ledger.add(new Healed(3_500, 0, fault));
        ledger.add(new Struck(9_000, 1, new Fault(0, Kind.FORGET_SCRIPTS, "redis 0", 0)));

        Findings findings = check();

        assertThat(findings.recoveryMillis()).containsExactly(2_010L);
        assertThat(findings.recoveryPercentile(0.99)).isEqualTo(2_010);
        assertThat(findings.faults()).isEqualTo(2);
        assertThat(findings.faultsByKind()).containsEntry("kill gateway", 1).containsEntry("forget scripts", 1);
    }
}
