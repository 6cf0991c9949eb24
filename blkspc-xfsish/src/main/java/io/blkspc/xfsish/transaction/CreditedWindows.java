package io.blkspc.xfsish.transaction;

import java.util.Arrays;

/** The windows a cookie's credits went to, sorted. Reusable; grows and never shrinks. */
final class CreditedWindows {

    private long[] windows = new long[16];
    private int count;

    void clear() {
        count = 0;
    }

    int count() {
        return count;
    }

    boolean contains(long window) {
        return find(window) >= 0;
    }

    void add(long window) {
        int at = find(window);
        if (at >= 0) {
            return;
        }
        at = -at - 1;
        if (count == windows.length) {
            windows = Arrays.copyOf(windows, count * 2);
        }
        System.arraycopy(windows, at, windows, at + 1, count - at);
        windows[at] = window;
        count++;
    }

    private int find(long window) {
        if (count > 0 && windows[count - 1] < window) {
            return -count - 1; // ascending changes are the usual case
        }
        return Arrays.binarySearch(windows, 0, count, window);
    }
}
