package io.blkspc.xfsish.transaction;

import io.blkspc.xfsish.buffer.Buffer;
import java.util.Arrays;

/** The lists of one transaction, used again by a later one. */
final class Scratch {

    final CreditedWindows windows = new CreditedWindows();
    Buffer[] held = new Buffer[16];

    void hold(Buffer buffer, int index) {
        if (index == held.length) {
            held = Arrays.copyOf(held, index * 2);
        }
        held[index] = buffer;
    }

    void clear(int count) {
        Arrays.fill(held, 0, count, null);
        windows.clear();
    }
}
