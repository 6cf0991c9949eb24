package io.blkspc.xfsish.file;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** A file system in plain Java maps: what the real one must look like. */
final class TreeModel {

    private static final AtomicLong NEXT_ID = new AtomicLong();

    /** A file, directory or link; hard links share one. */
    static final class Node {
        final char type; // d, f, l
        /** The same in every copy of the tree. */
        final long id;

        byte[] bytes = new byte[0];
        String target;
        int permissions;
        long modified = -1;
        final Map<String, Node> children = new TreeMap<>();
        final Map<String, byte[]> attributes = new TreeMap<>();

        Node(char type, int permissions) {
            this(type, permissions, NEXT_ID.incrementAndGet());
        }

        private Node(char type, int permissions, long id) {
            this.id = id;
            this.type = type;
            this.permissions = permissions;
        }
    }

    final Node root = new Node('d', 0755, 0);
    /** Files that were held and may have lost their last name: a crash may bring that back, and not what was written since. */
    final List<Node> held = new ArrayList<>();

    Node at(String path) {
        Node node = root;
        for (String part : path.split("/", -1)) {
            if (!part.isEmpty()) {
                node = node.children.get(part);
            }
        }
        return node;
    }

    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash == 0 ? "/" : path.substring(0, slash);
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String join(String directory, String name) {
        return directory.equals("/") ? "/" + name : directory + "/" + name;
    }

    void put(String path, Node node) {
        at(parent(path)).children.put(name(path), node);
    }

    Node remove(String path) {
        return at(parent(path)).children.remove(name(path));
    }

    static void write(Node file, long offset, byte[] data) {
        int end = (int) offset + data.length;
        if (end > file.bytes.length) {
            file.bytes = Arrays.copyOf(file.bytes, end);
        }
        System.arraycopy(data, 0, file.bytes, (int) offset, data.length);
    }

    /** Paths of everything of one type. */
    List<String> paths(char type) {
        List<String> found = new ArrayList<>();
        collect("/", root, type, found);
        return found;
    }

    private static void collect(String path, Node node, char type, List<String> found) {
        if (node.type == type) {
            found.add(path);
        }
        node.children.forEach((name, child) -> collect(join(path, name), child, type, found));
    }

    /** Files and links by id. */
    Map<Long, Node> byId() {
        Map<Long, Node> found = new TreeMap<>();
        collect(root, found);
        held.forEach(node -> found.put(node.id, node));
        return found;
    }

    private static void collect(Node node, Map<Long, Node> found) {
        found.put(node.id, node);
        node.children.values().forEach(child -> collect(child, found));
    }

    /** A copy that later changes do not reach; hard links stay shared. */
    TreeModel copy() {
        TreeModel copy = new TreeModel();
        IdentityHashMap<Node, Node> copies = new IdentityHashMap<>();
        copies.put(root, copy.root);
        copyInto(root, copy.root, copies);
        held.forEach(node -> copy.held.add(twinOf(node, copies)));
        return copy;
    }

    private static Node twinOf(Node node, IdentityHashMap<Node, Node> copies) {
        Node twin = copies.get(node);
        if (twin == null) {
            twin = new Node(node.type, node.permissions, node.id);
            copies.put(node, twin);
            copyInto(node, twin, copies);
        }
        return twin;
    }

    private static void copyInto(Node from, Node to, IdentityHashMap<Node, Node> copies) {
        to.bytes = from.bytes.clone();
        to.target = from.target;
        to.permissions = from.permissions;
        to.modified = from.modified;
        to.attributes.putAll(from.attributes);
        from.children.forEach((name, child) -> to.children.put(name, twinOf(child, copies)));
    }
}
