package io.blkspc.host.core.crash;

import io.blkspc.host.core.CrashModel.Prediction;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** How often each rule of durability (SEMANTICS B) was at work in crash histories: a rule never met is not tested. */
final class RuleCoverage {

    /** What can be met. */
    enum Rule {
        D5_ROLLBACK,
        D5_RENAME,
        D5_GROW,
        R1_IN_PLACE,
        R1_REDIRECT_ABOVE_MARK,
        R1_UNWRITTEN_REDIRECT_ABOVE_MARK,
        R2_RECORD_PARTLY_DROPPED,
        R3_ENTRY_DROPPED,
        R3_ENTRY_VERIFIED,
        R3_ENTRY_WITHOUT_CRC_ABOVE_MARK,
        R3_OVERWRITTEN_AT_OR_BELOW_MARK,
        R3_RECORD_BEYOND_GAP,
        R4_MARK_FROM_BEYOND_GAP,
        R4_DAMAGE_REFUSED,
        R5_SEVERAL_VOLUMES_ABOVE_MARK,
        R6_STAGE_ACROSS_FREEZE,
        R6_UNWRITTEN_STAGE_IN_PLACE,
        R7_FREED_BLOCK_REUSED,
        R7_CUT_WITH_RESTING_BLOCKS,
        R8_REAPER_WAITS_FOR_FORCE,
        R8_CUT_IN_REAP,
        R9_FUA_IN_PLACE,
        R9_FUA_COMMITTED,
        R10_CUT_IN_SEGMENT_WRITES,
        R10_CUT_IN_SUPERBLOCK_WRITES,
        R10_CUT_BETWEEN_SUPERBLOCK_COPIES,
        R11_CUT_IN_RECOVERY,
        R11_OLDER_SALT_IN_RING,
        R11_OLDER_LAP_IN_RING,
        R13_JOURNAL_FULL
    }

    private final Map<Rule, Long> counts = new EnumMap<>(Rule.class);

    void met(Rule rule, long times) {
        if (times > 0) {
            counts.merge(rule, times, Long::sum);
        }
    }

    void met(Rule rule, boolean isMet) {
        met(rule, isMet ? 1 : 0);
    }

    void recovery(Prediction prediction) {
        met(Rule.R2_RECORD_PARTLY_DROPPED, prediction.partlyDroppedRecords);
        met(Rule.R3_ENTRY_DROPPED, prediction.dropped);
        met(Rule.R3_ENTRY_VERIFIED, prediction.kept);
        met(Rule.R3_ENTRY_WITHOUT_CRC_ABOVE_MARK, prediction.withoutCrc);
        met(Rule.R3_OVERWRITTEN_AT_OR_BELOW_MARK, prediction.overwritten);
        met(Rule.R3_RECORD_BEYOND_GAP, prediction.beyondGap);
        met(Rule.R4_MARK_FROM_BEYOND_GAP, prediction.markFromBeyondGap);
        met(Rule.R5_SEVERAL_VOLUMES_ABOVE_MARK, prediction.volumesAboveMark > 1);
        met(Rule.R10_CUT_BETWEEN_SUPERBLOCK_COPIES, prediction.copiesDiffer);
        met(Rule.R11_OLDER_SALT_IN_RING, prediction.olderSalt);
        met(Rule.R11_OLDER_LAP_IN_RING, prediction.olderLap);
    }

    /** Rules nothing has met. */
    List<Rule> neverMet() {
        return Stream.of(Rule.values())
                .filter(rule -> !counts.containsKey(rule))
                .toList();
    }

    @Override
    public String toString() {
        return counts.toString();
    }
}
