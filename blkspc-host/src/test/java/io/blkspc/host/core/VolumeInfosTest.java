package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.VolumeInfo;
import java.util.AbstractCollection;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class VolumeInfosTest {

    /** A list of many volumes must not look at each of them for each of them. */
    @Test
    void listLooksAtEachVersionOnceHoweverManyThereAre() {
        for (int count : new int[] {1, 100, 2_000}) {
            CountedVersions versions = new CountedVersions(count);

            List<VolumeInfo> infos = new VolumeInfos(
                            versions::byId, version -> version.id == 1 ? count - 1 : 0, head -> 0)
                    .all(versions);

            assertThat(versions.visits).isEqualTo(count);
            assertThat(infos).hasSize(count);
            assertThat(infos.getFirst().clones()).isEqualTo(count - 1);
            assertThat(infos.getFirst().origin()).isNull();
            assertThat(infos.subList(1, count)).allSatisfy(info -> {
                assertThat(info.origin()).isEqualTo("volume1");
                assertThat(info.clones()).isZero();
            });
        }
    }

    /** The first is the origin of all others; counts what an iteration visits. */
    private static final class CountedVersions extends AbstractCollection<Version> {

        private final List<Version> versions = new ArrayList<>();
        private long visits;

        CountedVersions(int count) {
            for (int id = 1; id <= count; id++) {
                Version version = new Version(id, new UUID(0, id));
                version.name = "volume" + id;
                version.originId = id == 1 ? 0 : 1;
                versions.add(version);
            }
        }

        Version byId(long id) {
            return id == 0 ? null : versions.get((int) id - 1);
        }

        @Override
        public Iterator<Version> iterator() {
            Iterator<Version> all = versions.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return all.hasNext();
                }

                @Override
                public Version next() {
                    visits++;
                    return all.next();
                }
            };
        }

        @Override
        public int size() {
            return versions.size();
        }
    }
}
