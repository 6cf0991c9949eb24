package io.blkspc.host.checkpoint;

import java.util.Arrays;

/**
 * Which segments to empty by copying their live images, so that they are free after the commit: those with the least
 * live charge first, as few as bring the wanted gain. Immutable.
 */
final class EvacuationPlan {

    private final int[] victims;
    private final int gain;

    private EvacuationPlan(int[] victims, int gain) {
        this.victims = victims;
        this.gain = gain;
    }

    /**
     * The plan.
     *
     * @param wanted segments to gain
     * @param budget most charge to copy
     */
    static EvacuationPlan make(
            SegmentLayout layout, SegmentDirectory directory, SegmentSpace space, int wanted, long budget) {
        long[] candidates = candidates(layout, directory, space);
        long sum = 0;
        int best = 0;
        int bestGain = 0;
        for (int i = 0; i < candidates.length && bestGain < wanted; i++) {
            sum += candidates[i] >>> Integer.SIZE;
            if (sum > budget) {
                break;
            }
            int gain = i + 1 - (int) layout.segmentsFor(sum);
            if (gain > bestGain) {
                best = i + 1;
                bestGain = gain;
            }
        }
        int[] victims = new int[best];
        for (int i = 0; i < best; i++) {
            victims[i] = (int) candidates[i];
        }
        return new EvacuationPlan(victims, bestGain);
    }

    /** Segments to empty. */
    int count() {
        return victims.length;
    }

    /** Number of one segment to empty. */
    int victim(int index) {
        return victims[index];
    }

    /** Segments that will be free beyond those the copies take, at least. */
    int gain() {
        return gain;
    }

    /** Live charge and number of each segment that may be emptied, least charge first. */
    private static long[] candidates(SegmentLayout layout, SegmentDirectory directory, SegmentSpace space) {
        long[] found = new long[layout.segmentCount()];
        int count = 0;
        for (int segment = 0; segment < layout.segmentCount(); segment++) {
            if (directory.liveCount(segment) > 0 && !space.isFresh(segment)) {
                found[count++] = ((long) directory.charge(segment) << Integer.SIZE) | segment;
            }
        }
        Arrays.sort(found, 0, count);
        return Arrays.copyOf(found, count);
    }
}
