package io.blkspc.host.core.crash;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Everything ever written to one sector since the last adopted crash, with when each write began and ended on the oracle's
 * clock. A write is superseded by one that began after it had ended, if that one must be there.
 */
final class SectorHistory {

    /** One write of one sector. */
    static final class Write {
        final long value;
        final long begin;
        long end = Long.MAX_VALUE;
        /** It returned successfully: it happened, whatever comes. */
        boolean replied;
        /** It returned as FUA. */
        boolean durable;

        Write(long value, long begin) {
            this.value = value;
            this.begin = begin;
        }
    }

    /** Which writes must be there. */
    @FunctionalInterface
    interface Sure {
        boolean isSure(Write write);
    }

    private final List<Write> writes = new ArrayList<>();

    SectorHistory(long initial) {
        Write write = new Write(initial, -1);
        write.end = 0;
        write.replied = true;
        writes.add(write);
    }

    Write begin(long value, long now) {
        Write write = new Write(value, now);
        writes.add(write);
        return write;
    }

    /**
     * The volume was rolled back at some moment after {@code since}, while nobody had it open: writes still under way come
     * later, those that ended since then came before or after.
     */
    void carryOver(long since, SectorHistory to) {
        for (Write write : writes) {
            if (write.end == Long.MAX_VALUE) {
                to.writes.add(write);
            } else if (write.end > since) {
                to.begin(write.value, write.begin).end = write.end;
            }
        }
    }

    /** {@code true} when the sector may hold {@code value}, of the writes that began before {@code until}. */
    boolean allows(long value, long until, Sure sure) {
        for (Write write : writes) {
            if (write.value == value && write.begin < until && !isSuperseded(write, sure)) {
                return true;
            }
        }
        return false;
    }

    private boolean isSuperseded(Write write, Sure sure) {
        for (Write later : writes) {
            if (later.begin > write.end && sure.isSure(later)) {
                return true;
            }
        }
        return false;
    }

    boolean knows(long value) {
        return writes.stream().anyMatch(write -> write.value == value);
    }

    /** The moments between {@code from} and {@code to} at which the sector may have held {@code value}, as pairs. */
    List<long[]> moments(long value, List<long[]> within) {
        List<long[]> found = new ArrayList<>();
        for (Write write : writes) {
            if (write.value == value) {
                long until = Long.MAX_VALUE;
                for (Write later : writes) {
                    if (later.begin > write.end && later.replied) {
                        until = Math.min(until, later.end);
                    }
                }
                for (long[] span : within) {
                    long lower = Math.max(span[0], write.begin);
                    long upper = Math.min(span[1], until);
                    if (lower < upper) {
                        found.add(new long[] {lower, upper});
                    }
                }
            }
        }
        return merged(found);
    }

    private static List<long[]> merged(List<long[]> spans) {
        spans.sort(Comparator.comparingLong(span -> span[0]));
        List<long[]> merged = new ArrayList<>();
        for (long[] span : spans) {
            long[] last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && span[0] <= last[1]) {
                last[1] = Math.max(last[1], span[1]);
            } else {
                merged.add(span);
            }
        }
        return merged;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Write write : writes) {
            text.append(write.value).append('@').append(write.begin).append("..");
            text.append(write.end == Long.MAX_VALUE ? "" : String.valueOf(write.end));
            text.append(write.replied ? write.durable ? " fua " : " ok " : " ? ");
        }
        return text.toString();
    }
}
