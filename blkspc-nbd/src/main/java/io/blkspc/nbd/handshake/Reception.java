package io.blkspc.nbd.handshake;

/** What a handshake tells of its client to whoever lets clients in. Called by the connection's thread. */
public interface Reception {

    /** The client has sent one whole option: it is not silent. */
    void spoke();

    /** The client has chosen an export: asks for a place in transmission. */
    Admission admit();
}
