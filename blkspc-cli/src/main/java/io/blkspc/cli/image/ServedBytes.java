package io.blkspc.cli.image;

import io.blkspc.cli.text.Json;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * A volume that a server holds: its bytes come over NBD; where its holes are, the server tells over the control socket. A
 * volume that is written meanwhile is copied as nbdcopy would: each block as it was at some moment.
 */
public final class ServedBytes implements VolumeBytes {

    /** Asks the server for one page of the extents of the volume from an offset; see the operation {@code map}. */
    public interface ExtentSource {
        /** An object with {@code extents} and {@code next}. */
        Map<String, Object> page(long offset);
    }

    private final NbdClient client;
    private final ExtentSource source;
    private List<Map<String, Object>> extents = List.of();
    private int index;

    /** Takes the client over. */
    public ServedBytes(NbdClient client, ExtentSource source) {
        this.client = client;
        this.source = source;
    }

    @Override
    public long sizeBytes() {
        return client.sizeBytes();
    }

    @Override
    public long readRun(long offset, long length, MemorySegment target) {
        Map<String, Object> extent = extentAt(offset);
        long end = Json.asLong(extent.get("offset")) + Json.asLong(extent.get("length"));
        if (!"written".equals(extent.get("state"))) {
            return offset - end;
        }
        long count = Math.min(length, end - offset);
        client.read(offset, count, target, 0);
        return count;
    }

    /** Callers go from the front to the back, so the extent is nearly always the same one or the next. */
    private Map<String, Object> extentAt(long offset) {
        for (; index < extents.size(); index++) {
            if (covers(extents.get(index), offset)) {
                return extents.get(index);
            }
        }
        extents = Json.asObjects(source.page(offset).get("extents"));
        index = 0;
        if (extents.isEmpty() || !covers(extents.getFirst(), offset)) {
            throw new IllegalStateException("the server's map does not begin where asked: offset=" + offset);
        }
        return extents.getFirst();
    }

    private static boolean covers(Map<String, Object> extent, long offset) {
        long start = Json.asLong(extent.get("offset"));
        return start <= offset && offset < start + Json.asLong(extent.get("length"));
    }

    @Override
    public void write(long offset, long length, MemorySegment bytes, long start) {
        client.write(offset, length, bytes, start);
    }

    @Override
    public void flush() {
        client.flush();
    }

    @Override
    public void close() {
        client.close();
    }
}
