package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.checkpoint.CheckpointWriter;
import io.blkspc.host.checkpoint.ObjectKind;
import io.blkspc.host.checkpoint.SegmentLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Images of what changed in the catalogue since the last checkpoint, taken under the order lock and written without it. The
 * free map is encoded later, page by page: it is only written at a clean stop, when nothing changes any more.
 */
final class CheckpointObjects {

    private record Image(ObjectKind kind, long id, MemorySegment bytes) {}

    private final Arena arena = Arena.ofAuto();
    private final List<Image> images = new ArrayList<>();
    private final List<Long> removedVersions;
    private final List<Long> removedChunks;
    private final FreeSpace freeMap;
    private final MemorySegment scratch =
            arena.allocate(Math.max(DeadList.MAX_IMAGE_BYTES, FreeMapImage.PAGE_BYTES), 8);

    private CheckpointObjects(Catalogue catalogue, FreeSpace freeMap) {
        this.freeMap = freeMap;
        this.removedVersions = List.copyOf(catalogue.removedVersions);
        this.removedChunks = List.copyOf(catalogue.removedChunks);
        catalogue.removedVersions.clear();
        catalogue.removedChunks.clear();
    }

    static CheckpointObjects capture(Catalogue catalogue, FreeSpace freeMap) {
        CheckpointObjects objects = new CheckpointObjects(catalogue, freeMap);
        objects.add(
                ObjectKind.POOL, CatalogueImage.POOL_OBJECT_ID, CatalogueImage.encodePool(catalogue, objects.scratch));
        for (Version version : catalogue.versions()) {
            if (version.dirty) {
                version.dirty = false;
                objects.add(ObjectKind.VERSION, version.id, CatalogueImage.encodeVersion(version, objects.scratch));
                objects.addChunks(version.dead);
                objects.addChunks(version.gone);
            }
        }
        if (catalogue.reaping.setAside != null) {
            objects.addChunks(catalogue.reaping.setAside.list);
            objects.addChunks(catalogue.reaping.setAside.gone);
        }
        return objects;
    }

    private void addChunks(DeadList list) {
        for (int i = 0; i < list.chunks().size(); i++) {
            DeadList.Chunk chunk = list.chunks().get(i);
            if (chunk.dirty) {
                chunk.dirty = false;
                add(ObjectKind.DEADLIST, chunk.id, list.encode(i, scratch));
            }
        }
    }

    private void add(ObjectKind kind, long id, int length) {
        MemorySegment copy = arena.allocate(Math.max(1, length), 8);
        MemorySegment.copy(scratch, 0, copy, 0, length);
        images.add(new Image(kind, id, copy.asSlice(0, length)));
    }

    /** What the puts will charge at most, in bytes. */
    long charge() {
        long charge = 0;
        for (Image image : images) {
            charge += SegmentLayout.charge((int) image.bytes.byteSize());
        }
        if (freeMap != null) {
            charge += (long) FreeMapImage.pages(freeMap) * SegmentLayout.charge(FreeMapImage.PAGE_BYTES);
        }
        return charge;
    }

    /** Writes everything. */
    void writeTo(CheckpointWriter writer) {
        removedVersions.forEach(id -> writer.remove(ObjectKind.VERSION, id));
        removedChunks.forEach(id -> writer.remove(ObjectKind.DEADLIST, id));
        for (Image image : images) {
            writer.put(image.kind, image.id, image.bytes, (int) image.bytes.byteSize());
        }
        if (freeMap != null) {
            writeFreeMap(writer);
        }
    }

    private void writeFreeMap(CheckpointWriter writer) {
        for (int page = 0; page < FreeMapImage.pages(freeMap); page++) {
            if (FreeMapImage.encode(freeMap, page, scratch)) {
                writer.put(ObjectKind.FREEMAP, page, scratch, FreeMapImage.PAGE_BYTES);
            } else {
                writer.remove(ObjectKind.FREEMAP, page);
            }
        }
    }
}
