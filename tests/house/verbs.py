"""The verbs with which a function's docstring may begin. Add one when no other says it."""

VERBS = frozenset(
    """
    Accept Acquire Add Advance Answer Append Apply Ask Assign Attach Begin Bind Bring Build Cancel Carry Change Check
    Choose Clear Close Collect Commit Compare Complete Compute Configure Connect Continue Convert Copy Correct Count Create Cut
    Date Decide Declare Decode Delete Derive Destroy Discard Dismiss Do Drop Encode End Enqueue Erase Escalate Evaluate Execute Exit Expire
    Extend Extract Fail Fetch File Fill Filter Find Finish Flatten Follow Format Generate Give Go Grant Group Hand Handle
    Hash Index Insert Invent Iterate Keep Lease Leave Let Link List Listen Load Lock Log Look Make Mark Mask Match Merge
    Migrate Move Normalise Notify Open Overwrite Parse Pause Place Poll Post Postpone Prepare Print Process Put Query
    Queue Raise Read Record Redact Refresh Refuse Register Reject Release Remember Remove Render Renew Reopen Replace Report
    Request Reseal Reset Resolve Restart Restore Restrict Resume Retry Return Reveal Roll Run Save Schedule Seal Search
    Select Send Serve Set Settle Show Sign Sort Split Start Stop Store Strip Suppress Take Tell Track Trim Try Turn Undo
    Unwrap Update Use Validate Verify Wait Wake Walk Withdraw Work Wrap Write Yield
    """.split()  # noqa: SIM905 - a list of words reads as words
)
