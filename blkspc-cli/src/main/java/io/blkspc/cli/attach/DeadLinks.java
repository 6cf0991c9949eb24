package io.blkspc.cli.attach;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections of a device have ended and were not restored yet, as the driver's events tell. Where an event was lost or
 * makes no sense, all of them may have: the driver takes no connection in place of one that lives, and says nothing. Owned by
 * one thread.
 */
final class DeadLinks {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");

    /** Where events come from. */
    @FunctionalInterface
    interface Events {
        /**
         * Waits for an event.
         *
         * @return whether it tells that a connection of the device ended; {@code false} too when none came in time
         * @throws NetlinkSocket.Overrun when events were lost
         * @throws NetlinkMessage.Malformed when it is none that can be read
         */
        boolean isLinkDead(long millis) throws IOException;
    }

    private final Events events;
    private final int connections;
    private int count;

    DeadLinks(Events events, int connections) {
        this.events = events;
        this.connections = connections;
    }

    /** All of them may have ended: what happened before now was not heard. */
    void suspectAll() {
        count = connections;
    }

    /** Hears one event; waits for it only while every connection lives. */
    void listen(long millis) throws IOException {
        try {
            if (events.isLinkDead(count > 0 ? 1 : millis)) {
                count = Math.min(connections, count + 1);
                log.info("a connection ended: dead={}", count);
            }
        } catch (NetlinkSocket.Overrun | NetlinkMessage.Malformed unclear) {
            suspectAll();
            log.warn("what happened to the connections is not clear, all are looked after: {}", unclear.getMessage());
        }
    }

    int count() {
        return count;
    }

    /** One has been restored. */
    void restored() {
        count--;
    }
}
