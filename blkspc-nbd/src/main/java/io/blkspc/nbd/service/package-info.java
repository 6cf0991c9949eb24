/** What the owner of a server tells it: which exports there are, and which limits clients meet. */
package io.blkspc.nbd.service;
