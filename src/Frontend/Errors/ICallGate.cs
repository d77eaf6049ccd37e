namespace Relay.Frontend.Errors;

/// <summary>Says whether a call may come in, before anything else is done about it.</summary>
internal interface ICallGate
{
    /// <summary>Lets a call in, or says what it is answered instead.</summary>
    RelayError? Enter(HttpContext http);

    /// <summary>A call has ended, let in or not.</summary>
    void Leave(HttpContext http);
}
