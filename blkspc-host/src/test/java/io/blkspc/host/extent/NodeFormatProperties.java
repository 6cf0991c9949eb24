package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class NodeFormatProperties {

    private static final long TAG = 0xCAFEBABE12345678L;

    @Property
    void whatIsEncodedIsDecoded(@ForAll long seed, @ForAll @IntRange(max = 3) int level) {
        Node node = randomNode(new Random(seed), level);
        byte[] image = encode(node);
        Node decoded = NodeFormat.decode(MemorySegment.ofArray(image), node.id(), TAG);
        assertThat(decoded.level()).isEqualTo(level);
        assertThat(decoded.firstBlock()).isEqualTo(node.firstBlock());
        assertThat(decoded.count()).isEqualTo(node.count());
        for (int index = 0; index < node.count(); index++) {
            assertThat(decoded.word(index)).isEqualTo(node.word(index));
            assertThat(decoded.birth(index)).isEqualTo(node.birth(index));
        }
        for (int slot = 0; slot < Node.FANOUT; slot++) {
            assertThat(decoded.hasSlot(slot)).isEqualTo(node.hasSlot(slot));
        }
        assertThat(encode(decoded)).isEqualTo(image);
    }

    @Property
    void anyChangedBitIsFound(
            @ForAll long seed,
            @ForAll @IntRange(max = 3) int level,
            @ForAll @IntRange(max = 8 * NodeFormat.BYTES - 1) int bit) {
        Node node = randomNode(new Random(seed), level);
        byte[] image = encode(node);
        image[bit >>> 3] ^= (byte) (1 << (bit & 7));
        assertThatThrownBy(() -> NodeFormat.decode(MemorySegment.ofArray(image), node.id(), TAG))
                .isInstanceOf(CorruptSpaceException.class);
    }

    @Property
    void aNodeFindsItsEntriesAsAScanWould(@ForAll long seed) {
        Random random = new Random(seed);
        Node leaf = randomNode(random, 0);
        for (int block = 0; block < Node.FANOUT; block++) {
            int expected = -1;
            int next = Node.FANOUT;
            for (int index = leaf.count() - 1; index >= 0; index--) {
                int start = Entry.start(leaf.word(index));
                if (start <= block && expected < 0) {
                    expected = index;
                }
                if (start >= block) {
                    next = start;
                }
            }
            assertThat(leaf.extentAtOrBefore(block)).isEqualTo(expected);
            assertThat(leaf.nextBit(block)).isEqualTo(next);
        }
        assertThat(leaf.nextBit(Node.FANOUT)).isEqualTo(Node.FANOUT);
    }

    private static byte[] encode(Node node) {
        byte[] image = new byte[NodeFormat.BYTES];
        Arrays.fill(image, (byte) 0xA5);
        NodeFormat.encode(node, TAG, MemorySegment.ofArray(image));
        return image;
    }

    static Node randomNode(Random random, int level) {
        List<Long> words = new ArrayList<>();
        long[] bits = new long[4];
        int density = 1 + random.nextInt(20);
        int slot = random.nextInt(density);
        do {
            bits[slot >>> 6] |= 1L << slot;
            long birth = random.nextLong() & Entry.MAX_BIRTH;
            if (level == 0) {
                int length = 1 + random.nextInt(Math.min(density, Node.FANOUT - slot));
                long physical = Math.min(random.nextLong() >>> 26, Entry.MAX_PHYSICAL_BLOCKS - length);
                words.add(Entry.extent(slot, length, 1 + random.nextInt(2), physical));
                slot += length - 1;
            } else if (level == 1 && random.nextBoolean()) {
                long physical = Math.min(random.nextLong() >>> 26, Entry.MAX_PHYSICAL_BLOCKS - Node.FANOUT);
                words.add(Entry.direct(physical));
            } else {
                words.add(Entry.child(1 + (random.nextLong() >>> 11)));
            }
            words.add(birth);
            slot += 1 + random.nextInt(density);
        } while (slot < Node.FANOUT);
        long firstBlock = (random.nextLong() >>> 32) & -Node.spanBlocks(level);
        long[] packed = words.stream().mapToLong(Long::longValue).toArray();
        return new Node(1 + (random.nextLong() >>> 11), level, firstBlock, bits, packed);
    }
}
