package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sim.InertScheduler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A larger map that could not be filled: its file has the name already, and is not the map. */
class GrowMapTest {

    private final List<Store> stores = new ArrayList<>();
    private final NodeStoreFactory factory = new NodeStoreFactory() {
        @Override
        public NodeStore openExisting() {
            return new Store();
        }

        @Override
        public NodeStore createEmpty() {
            return new Store();
        }

        @Override
        public NodeStore createLarger(long maxNodes) {
            return new Store();
        }

        @Override
        public NodeStore displace(NodeStore larger) {
            if (displaceFails) {
                throw new BlockSpaceException(Code.IO, "directory cannot be forced");
            }
            return larger;
        }
    };

    private boolean displaceFails;

    private final class Store extends ForwardingNodes {
        private boolean isClosed;

        Store() {
            super(new HeapNodeStore());
            stores.add(this);
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }

    /** It may have taken the name of the old one before it failed. */
    @Test
    void isNotTrustedAtTheNextStart() {
        displaceFails = true;
        NodeMap map = new NodeMap(new InertScheduler(), factory, true, 0, _ -> {});
        map.open();
        assertThatThrownBy(() -> map.grow(100)).isInstanceOf(BlockSpaceException.class);
        assertThat(stores).hasSize(2);
        assertThat(stores.get(0).isClosed).isFalse();
        assertThat(stores.get(1).isClosed).isTrue(); // its name may be needed again
        assertThat(map.closeExact(0)).isFalse();
    }

    @Test
    void thatCouldNotBeFilledLeavesTheOldOneAsItWas() {
        NodeMap map = new NodeMap(new InertScheduler(), factory, true, 0, _ -> {
            throw new BlockSpaceException(Code.IO, "checkpoint cannot be read");
        });
        map.open();
        assertThatThrownBy(() -> map.grow(100)).isInstanceOf(BlockSpaceException.class);
        assertThat(stores).hasSize(2);
        assertThat(stores.get(0).isClosed).isFalse();
        assertThat(stores.get(1).isClosed).isTrue(); // its name may be needed again
        assertThat(map.closeExact(0)).isTrue(); // the old one has its name still
        NodeMap again = new NodeMap(new InertScheduler(), factory, true, 0, _ -> {});
        again.grow(100);
        assertThat(again.closeExact(0)).isTrue();
    }

    @Test
    void isReplacedByOneThatCouldBe() {
        boolean[] fails = {true};
        NodeMap map = new NodeMap(new InertScheduler(), factory, true, 0, _ -> {
            if (fails[0]) {
                throw new BlockSpaceException(Code.IO, "checkpoint cannot be read");
            }
        });
        assertThatThrownBy(() -> map.grow(100)).isInstanceOf(BlockSpaceException.class);
        fails[0] = false;
        map.grow(100);
        assertThat(map.closeExact(0)).isTrue();
    }
}
