package io.blkspc.host.core.crash;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where woven code may allocate memory: counts the places a thread passes, and throws at one of them. The one class
 * that both worlds share; used by one thread.
 */
public final class AllocationPoints {

    private static final List<String> SITES = new ArrayList<>();

    private static Thread armed;
    private static int passed;
    private static int at;
    private static boolean lasting;
    private static String fired;
    private static int[] seen = new int[1 << 12];

    private AllocationPoints() {}

    /** A place in the code; returns its number. */
    public static int register(String site) {
        synchronized (SITES) {
            SITES.add(site);
            return SITES.size() - 1;
        }
    }

    /**
     * Forgets what was and begins to count this thread's places.
     *
     * @param ordinal place to throw at, from 1 on; 0: none
     * @param isLasting each later place throws too, until {@link #relieve}
     */
    public static void arm(int ordinal, boolean isLasting) {
        passed = 0;
        at = ordinal;
        lasting = isLasting;
        fired = null;
        armed = Thread.currentThread();
    }

    /** From now on there is memory. */
    public static void relieve() {
        armed = null;
    }

    /** Runs something whose places do not count. */
    public static void pauseCounting(Runnable work) {
        Thread before = armed;
        armed = null;
        work.run();
        armed = before;
    }

    /** Where it threw first, or {@code null}. */
    public static String fired() {
        return fired;
    }

    /** Numbers of the places passed since {@link #arm}, in order. */
    public static int[] sitesSeen() {
        return Arrays.copyOf(seen, passed);
    }

    /** Called by woven code. */
    public static void point(int site) {
        if (!Thread.currentThread().equals(armed)) {
            return;
        }
        if (passed == seen.length) {
            seen = Arrays.copyOf(seen, 2 * passed);
        }
        seen[passed++] = site;
        if (passed == at || (lasting && at > 0 && passed > at)) {
            if (fired == null) {
                fired = SITES.get(site);
            }
            throw new OutOfMemoryError("planted");
        }
    }
}
