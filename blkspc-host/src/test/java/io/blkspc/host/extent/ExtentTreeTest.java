package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExtentTreeTest {

    private static final long MIB = 256;
    private static final long LEVEL1 = 1L << 16;

    private final TreeFixture at = new TreeFixture(1 << 20);

    @Test
    void anEmptyTreeIsOneHole() {
        assertThat(at.lookup(Root.EMPTY, 0, Long.MAX_VALUE)).isEqualTo("0+4294967296 hole");
        assertThat(at.lookup(Root.EMPTY, 4294967295L, Long.MAX_VALUE)).isEqualTo("4294967295+1 hole");
        assertThat(at.lookup(Root.EMPTY, 5, 7)).isEqualTo("5+7 hole");
        assertThat(at.punch(Root.EMPTY, 0, Node.SPACE_BLOCKS, 1, 0)).isSameAs(Root.EMPTY);
        assertThat(at.made).isEmpty();
    }

    @Test
    void holesReachOverWholeEmptySubtrees() {
        Root root = at.write(Root.EMPTY, (1L << 24) * 3 + LEVEL1 * 5 + MIB * 7 + 9, 1, 100, 1, 0);
        assertThat(at.lookup(root, 0, Long.MAX_VALUE)).isEqualTo("0+" + (1L << 24) * 3 + " hole");
        assertThat(at.lookup(root, (1L << 24) * 4, Long.MAX_VALUE))
                .isEqualTo((1L << 24) * 4 + "+" + (1L << 24) * 252 + " hole");
        long inLeaf = (1L << 24) * 3 + LEVEL1 * 5 + MIB * 7;
        assertThat(at.lookup(root, inLeaf, Long.MAX_VALUE)).isEqualTo(inLeaf + "+9 hole");
        assertThat(at.lookup(root, inLeaf + 10, Long.MAX_VALUE)).isEqualTo((inLeaf + 10) + "+246 hole");
    }

    @Test
    void oneBlockTakesFourNodesAndARunOverABorderSeven() {
        at.write(Root.EMPTY, 5, 1, 100, 1, 0);
        assertThat(at.made).hasSize(4);
        assertThat(at.tree.worstCaseNewNodes(5, 1, ExtentRun.WRITTEN)).isEqualTo(4);
        at.made.clear();
        long border = 1L << 24;
        at.write(Root.EMPTY, border - 1, 2, 100, 1, 0);
        assertThat(at.made).hasSize(7);
        assertThat(at.tree.worstCaseNewNodes(border - 1, 2, ExtentRun.WRITTEN)).isEqualTo(7);
        assertThat(at.tree.worstCaseNewNodes(border - 100, 256, ExtentRun.WRITTEN))
                .isEqualTo(7);
        assertThat(at.tree.worstCaseNewNodes(256, 256, ExtentRun.WRITTEN)).isEqualTo(3);
        assertThat(at.tree.worstCaseNewNodes(0, Node.SPACE_BLOCKS, ExtentRun.WRITTEN))
                .isEqualTo(1 + 256 + 65536);
        assertThat(at.tree.worstCaseNewNodes(256, 513, ExtentRun.UNWRITTEN)).isEqualTo(6);
    }

    @Test
    void unwrittenBlocksKeepTheirLeafSoThatWritingThemNeedsNoNode() {
        Root root = at.tree.replace(Root.EMPTY, MIB, 2 * MIB, 1000, ExtentRun.UNWRITTEN, 7, 0, at);
        assertThat(at.made).hasSize(5);
        at.made.clear();
        root = at.tree.replace(root, MIB + 9, 1, 1009, ExtentRun.WRITTEN, 7, 0, at);
        root = at.tree.replace(root, 2 * MIB, MIB, 1256, ExtentRun.WRITTEN, 7, 0, at);
        assertThat(at.made).isEmpty();
        assertThat(at.lookup(root, 2 * MIB, MIB)).isEqualTo("512+256=1256/7");
    }

    @Test
    void anAlignedMebibyteNeedsNoLeaf() {
        Root root = at.write(Root.EMPTY, MIB, 2 * MIB, 1000, 7, 0);
        assertThat(at.shape(root))
                .containsExactly(
                        "level 3 at 0 id 3/7",
                        "level 2 at 0 id 2/7",
                        "level 1 at 0 id 1/7",
                        "256+256=1000/7",
                        "512+256=1256/7");
        assertThat(at.lookup(root, 300, 1000)).isEqualTo("300+212=1044/7");
    }

    @Test
    void aLeafThatBecomesWholeCollapsesAndItsNodeIsGone() {
        Root root = at.write(Root.EMPTY, 0, 200, 1000, 7, 0);
        long leafId = 1;
        assertThat(at.cache.get(leafId)).isNotNull();
        root = at.write(root, 200, 56, 1200, 7, 0);
        assertThat(at.shape(root)).contains("0+256=1000/7").hasSize(4);
        assertThat(at.takeDrops()).containsExactly("node 1/7");
        assertThat(at.cache.get(leafId)).isNull();
    }

    @Test
    void extentsOfDifferentBirthsOrStatesStayApartButAreReadAsOne() {
        Root root = at.write(Root.EMPTY, 0, 128, 1000, 7, 0);
        root = at.write(root, 128, 128, 1128, 8, 0);
        assertThat(at.shape(root)).contains("0+128=1000/7", "128+128=1128/8");
        assertThat(at.lookup(root, 10, 1000)).isEqualTo("10+246=1010/7");
        assertThat(at.tree.lookupOwned(root, 10, 1000, 7, at.run)).isTrue();
        assertThat(at.run.endBlock()).isEqualTo(128);
        root = at.tree.replace(root, 64, 1, 1064, ExtentRun.UNWRITTEN, 8, 0, at);
        assertThat(at.lookup(root, 10, 1000)).isEqualTo("10+54=1010/7");
        assertThat(at.lookup(root, 64, 1000)).isEqualTo("64+1=1064/8 unwritten");
        root = at.write(root, 300, 10, 2300, 8, 0);
        root = at.tree.replace(root, 310, 10, 2310, ExtentRun.UNWRITTEN, 8, 0, at);
        assertThat(at.lookup(root, 300, 1000)).isEqualTo("300+10=2300/8");
        assertThat(at.lookup(root, 310, 1000)).isEqualTo("310+10=2310/8 unwritten");
        root = at.write(root, 310, 10, 2310, 8, 0);
        assertThat(at.shape(root)).contains("300+20=2300/8");
        root = at.write(root, 298, 2, 2298, 8, 0);
        assertThat(at.shape(root)).contains("298+22=2298/8");
        assertThat(at.drops).isEmpty();
    }

    @Test
    void writingIntoADirectExtentMakesALeafAndDropsOnlyWhatWasReplaced() {
        Root root = at.write(Root.EMPTY, 0, MIB, 1000, 7, 0);
        root = at.write(root, 100, 10, 5000, 8, 7);
        assertThat(at.shape(root)).contains("0+100=1000/7", "100+10=5000/8", "110+146=1110/7");
        assertThat(at.takeDrops())
                .containsExactly("data 1100+10/7", "node 1/7", "node 2/7", "node 3/7"); // not owned: copied
        assertThat(at.cache.get(1)).as("the older version still uses it").isNotNull();
    }

    @Test
    void ownedNodesKeepTheirIdsAndTheRootStaysTheSame() {
        Root root = at.write(Root.EMPTY, 0, 1, 1000, 7, 0);
        at.made.clear();
        assertThat(at.write(root, 9, 1, 2000, 8, 0)).isSameAs(root);
        assertThat(at.write(root, 9, 1, 3000, 8, 0)).isSameAs(root);
        assertThat(at.made).isEmpty();
        assertThat(at.takeDrops()).containsExactly("data 2000+1/8");
        assertThat(at.lookup(root, 9, 1)).isEqualTo("9+1=3000/8");
    }

    @Test
    void aFrozenRootKeepsItsContentWhileTheHeadMovesOn() {
        Root frozen = at.write(Root.EMPTY, 0, 10, 1000, 7, 0);
        List<String> before = at.shape(frozen);
        Root head = at.write(frozen, 5, 1, 2000, 8, 7);
        assertThat(at.takeDrops())
                .containsExactlyInAnyOrder("data 1005+1/7", "node 1/7", "node 2/7", "node 3/7", "node 4/7");
        at.punch(head, 0, 10, 8, 7);
        assertThat(at.shape(frozen)).isEqualTo(before);
    }

    @Test
    void punchingEverythingDropsEveryPointerSinglyAndEmptiesTheTree() {
        Root frozen = at.write(Root.EMPTY, 3, 2, 1000, 7, 0);
        Root head = at.write(frozen, LEVEL1, MIB, 3000, 8, 7);
        at.takeDrops();
        assertThat(at.punch(head, 0, Node.SPACE_BLOCKS, 8, 7)).isEqualTo(Root.EMPTY);
        // Ids 1 to 4 belong to the frozen version; the head copied 3 (level 2) and 4 (root), and made a level 1 node.
        assertThat(at.takeDrops())
                .containsExactlyInAnyOrder(
                        "data 1000+2/7", "node 1/7", "node 2/7", "data 3000+256/8", "node 5/8", "node 6/8", "node 7/8");
        assertThat(at.lookup(frozen, 3, 9)).isEqualTo("3+2=1000/7");
        assertThat(at.cache.get(5)).isNull();
        assertThat(at.cache.get(7)).isNull();
    }

    @Test
    void punchingAHoleChangesNothingAndCopiesNothing() {
        Root frozen = at.write(Root.EMPTY, 3, 2, 1000, 7, 0);
        at.made.clear();
        assertThat(at.punch(frozen, 5, 1000, 8, 7)).isSameAs(frozen);
        assertThat(at.made).isEmpty();
        assertThat(at.drops).isEmpty();
    }

    @Test
    void aSharedBlockCannotGetANewPointerToItself() {
        Root frozen = at.write(Root.EMPTY, 3, 2, 1000, 7, 0);
        List<String> before = at.shape(frozen);
        assertThatThrownBy(() -> at.write(frozen, 3, 1, 1000, 8, 7)).isInstanceOf(IllegalArgumentException.class);
        assertThat(at.shape(frozen)).isEqualTo(before);
        assertThat(at.write(frozen, 3, 2, 1000, 8, 6)).isSameAs(frozen);
        assertThat(at.lookup(frozen, 3, 2)).isEqualTo("3+2=1000/8");
    }

    @Test
    void aLookupReadsAtMostFourNodesAndAChainOfClonesAddsNone() {
        TreeFixture cold = new TreeFixture(0);
        Root root = cold.write(Root.EMPTY, 0, 1, 10, 1, 0);
        for (int epoch = 2; epoch <= 1000; epoch++) {
            root = cold.write(root, epoch * 997L, 1, epoch, epoch, epoch - 1);
        }
        cold.checkpoint();
        for (int epoch = 2; epoch <= 1000; epoch++) {
            cold.reads = 0;
            assertThat(cold.lookup(root, epoch * 997L, 1)).isEqualTo(epoch * 997L + "+1=" + epoch + "/" + epoch);
            assertThat(cold.reads).isEqualTo(4);
        }
    }

    @Test
    void aMissingOrForeignNodeIsDamageForChangesAndARetryForReaders() {
        Root root = at.write(Root.EMPTY, 0, 1, 1000, 7, 0);
        Root other = at.write(Root.EMPTY, 1 << 24, 1, 1000, 7, 0);
        at.cache.remove(1);
        assertThat(at.lookup(root, 0, 1)).isEqualTo("retry");
        assertThatThrownBy(() -> at.write(root, 1, 1, 5, 7, 0)).isInstanceOf(CorruptSpaceException.class);
        Root crossed = new Root(other.nodeId() - 1, 7);
        assertThatThrownBy(() -> at.lookup(crossed, 0, 1)).isInstanceOf(CorruptSpaceException.class);
    }

    @Test
    void reapingInStepsDropsTheSameAsReapingAtOnceAndLeavesWhatIsShared() {
        Root frozen = at.write(Root.EMPTY, 0, 300, 1000, 3, 0);
        frozen = at.write(frozen, 10, 1, 2000, 3, 0);
        Root head = frozen;
        for (int span = 0; span < 40; span++) {
            head = at.write(head, span * 1900L, 1 + span, 10_000 + 100L * span, 4, 3);
        }
        at.takeDrops();
        assertThat(at.tree.reap(head, 3, 0, Integer.MAX_VALUE, at)).isEqualTo(Long.MAX_VALUE);
        List<String> atOnce = at.takeDrops();
        assertThat(atOnce).noneMatch(line -> line.endsWith("/3"));
        for (int step = 1; step < 5; step++) {
            List<String> inSteps = new ArrayList<>();
            long from = 0;
            while (from != Long.MAX_VALUE) {
                long next = at.tree.reap(head, 3, from, step, at);
                assertThat(next).isGreaterThan(from);
                List<String> once = at.takeDrops();
                assertThat(at.tree.reap(head, 3, from, step, at)).isEqualTo(next);
                assertThat(at.takeDrops()).isEqualTo(once);
                inSteps.addAll(once);
                from = next;
            }
            assertThat(inSteps).isEqualTo(atOnce);
        }
        assertThat(at.tree.reap(frozen, 3, 0, 1, at)).isEqualTo(Long.MAX_VALUE);
        assertThat(at.drops).isEmpty();
    }

    @Test
    void forEachClipsAndSkipsWhatTheVisitorHasSeen() {
        Root root = at.write(Root.EMPTY, 0, 1000, 1000, 3, 0);
        List<String> seen = new ArrayList<>();
        at.tree.forEach(root, 100, 600, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                return true;
            }

            @Override
            public void extent(long start, long count, long physical, long birth, int state) {
                seen.add(start + "+" + count + "=" + physical);
            }
        });
        assertThat(seen).containsExactly("100+156=1100", "256+256=1256", "512+88=1512");
        at.tree.forEach(root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                return level > 1;
            }

            @Override
            public void extent(long start, long count, long physical, long birth, int state) {
                throw new AssertionError("below a skipped node");
            }
        });
    }
}
