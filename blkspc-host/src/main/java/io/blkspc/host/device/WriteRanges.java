package io.blkspc.host.device;

import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who writes where now. A write that has to read its first or last block back and write it whole excludes every other write
 * of these blocks; writes of whole blocks exclude only such ones. Who came first goes first, so nobody starves.
 *
 * <p>Any thread may call; each must leave what it entered. Allocates nothing unless somebody waits.
 */
final class WriteRanges {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition left = lock.newCondition();
    // Writes inside or waiting, oldest first.
    private long[] tickets = new long[16];
    private long[] starts = new long[16];
    private long[] ends = new long[16];
    private boolean[] alone = new boolean[16];
    private int count;
    private int waiting;
    private long nextTicket;

    /**
     * Waits until no earlier write of the range excludes this one.
     *
     * @param isAlone no other write of the range may be inside meanwhile
     * @return what to {@link #leave} with
     */
    long enter(long start, long end, boolean isAlone) {
        lock.lock();
        try {
            long ticket = nextTicket++;
            append(ticket, start, end, isAlone);
            while (isExcluded(ticket, start, end, isAlone)) {
                waiting++;
                left.awaitUninterruptibly();
                waiting--;
            }
            return ticket;
        } finally {
            lock.unlock();
        }
    }

    void leave(long ticket) {
        lock.lock();
        try {
            int index = 0;
            while (tickets[index] != ticket) {
                index++;
            }
            int after = count - index - 1;
            System.arraycopy(tickets, index + 1, tickets, index, after);
            System.arraycopy(starts, index + 1, starts, index, after);
            System.arraycopy(ends, index + 1, ends, index, after);
            System.arraycopy(alone, index + 1, alone, index, after);
            count--;
            if (waiting > 0) {
                left.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void append(long ticket, long start, long end, boolean isAlone) {
        if (count == tickets.length) {
            tickets = Arrays.copyOf(tickets, count * 2);
            starts = Arrays.copyOf(starts, count * 2);
            ends = Arrays.copyOf(ends, count * 2);
            alone = Arrays.copyOf(alone, count * 2);
        }
        tickets[count] = ticket;
        starts[count] = start;
        ends[count] = end;
        alone[count] = isAlone;
        count++;
    }

    private boolean isExcluded(long ticket, long start, long end, boolean isAlone) {
        for (int i = 0; tickets[i] != ticket; i++) {
            if (starts[i] < end && start < ends[i] && (isAlone || alone[i])) {
                return true;
            }
        }
        return false;
    }
}
