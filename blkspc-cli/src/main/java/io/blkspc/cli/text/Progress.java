package io.blkspc.cli.text;

import java.io.PrintStream;

/**
 * One line that shows how far long work got, redrawn at most ten times a second, gone when the work ends. Shows nothing
 * unless standard error is a terminal. Own code because it is this short: libraries for it start a terminal driver, which
 * takes longer than most commands.
 */
public final class Progress implements AutoCloseable {

    private static final int BAR_CELLS = 24;
    private static final long REDRAW_NANOS = 100_000_000L;

    private final PrintStream stream;
    private final String what;
    private final long startNanos = System.nanoTime();
    private long drawnNanos;
    private boolean drawn;

    /**
     * Begins.
     *
     * @param stream where to draw, or {@code null} to draw nothing
     * @param what one or two words: {@code importing disk1}
     */
    public Progress(PrintStream stream, String what) {
        this.stream = stream;
        this.what = what;
    }

    /** Shows that {@code doneBytes} of {@code totalBytes} are done; a total of 0 means unknown. */
    public void at(long doneBytes, long totalBytes) {
        if (isDue()) {
            double seconds = Math.max(1e-3, (System.nanoTime() - startNanos) / 1e9);
            String rate = Sizes.human((long) (doneBytes / seconds)) + "/s";
            if (totalBytes > 0) {
                int cells = (int) (BAR_CELLS * doneBytes / totalBytes);
                draw("[" + "#".repeat(cells) + " ".repeat(BAR_CELLS - cells) + "] " + 100 * doneBytes / totalBytes
                        + "% " + rate);
            } else {
                draw(Sizes.human(doneBytes) + " " + rate);
            }
        }
    }

    /** Shows a few words. */
    public void say(String words) {
        if (isDue()) {
            draw(words);
        }
    }

    private boolean isDue() {
        return stream != null && (!drawn || System.nanoTime() - drawnNanos >= REDRAW_NANOS);
    }

    private void draw(String words) {
        stream.print("\r\033[K" + what + " " + words);
        stream.flush();
        drawn = true;
        drawnNanos = System.nanoTime();
    }

    /** Wipes the line. */
    @Override
    public void close() {
        if (drawn) {
            stream.print("\r\033[K");
            stream.flush();
            drawn = false;
        }
    }
}
