package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a keeper makes of the driver's events. */
class DeadLinksTest {

    private final Deque<Object> coming = new ArrayDeque<>();
    private long waited;
    private final DeadLinks dead = new DeadLinks(this::next, 4);

    private boolean next(long millis) throws IOException {
        waited = millis;
        Object next = coming.remove();
        if (next instanceof IOException failure) {
            throw failure;
        }
        return (boolean) next;
    }

    private int after(Object... events) throws IOException {
        coming.addAll(List.of(events));
        while (!coming.isEmpty()) {
            dead.listen(1000);
        }
        return dead.count();
    }

    @Test
    void eachEndCountsOnceAndNoMoreThanThereAre() throws IOException {
        assertThat(after(false)).isZero();
        assertThat(waited).isEqualTo(1000);
        assertThat(after(true, true)).isEqualTo(2);
        assertThat(waited).as("what is dead already does not wait for an event").isEqualTo(1);
        dead.restored();
        assertThat(after(false, true)).isEqualTo(2);
        assertThat(after(true, true, true, true)).isEqualTo(4);
    }

    @Test
    void aMalformedEventIsSurvivedAndEveryConnectionLookedAfter() throws IOException {
        assertThat(after(new NetlinkMessage.Malformed("half a message"))).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            dead.restored();
        }
        assertThat(after(true)).isEqualTo(1);
    }

    /** As the driver's events really come: bytes that are no event, and those of an event with a part missing. */
    @Test
    void bytesThatAreNoEventAreMalformed() throws IOException {
        byte[] event = new NetlinkRequest(0x1f, NbdDriver.LINK_DEAD)
                .putInt(NbdDriver.INDEX, 3)
                .bytes(0);
        for (int count = 0; count < event.length; count++) {
            int cut = count;
            assertThatThrownBy(() -> {
                        NetlinkMessage message = NetlinkMessage.read(event, cut);
                        NetlinkMessage.findInt(message.attributes(), NbdDriver.INDEX);
                    })
                    .isInstanceOf(NetlinkMessage.Malformed.class);
        }
        byte[] nameless = new NetlinkRequest(0x1f, NbdDriver.LINK_DEAD).bytes(0);
        NetlinkMessage message = NetlinkMessage.read(nameless, nameless.length);
        assertThatThrownBy(() -> NetlinkMessage.findInt(message.attributes(), NbdDriver.INDEX))
                .isInstanceOf(NetlinkMessage.Malformed.class);
    }

    @Test
    void lostEventsMeanThatAnyMayHaveEnded() throws IOException {
        assertThat(after(true, new NetlinkSocket.Overrun())).isEqualTo(4);
    }

    @Test
    void aDriverThatDoesNotAnswerEndsIt() {
        assertThatThrownBy(() -> after(new IOException("netlink does not answer")))
                .isInstanceOf(IOException.class);
    }
}
